//! stub
pub(crate) fn spell_decrypted(_p: &[u8], v: &crate::value::Value<'_>, out: &mut String) {
    out.push_str(&String::from_utf8_lossy(&v.bytes));
}
