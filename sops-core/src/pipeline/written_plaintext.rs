//! Joins the parts of the plaintext, computes their MAC and checks their source forms.

use sops_document::Format;
use zeroize::Zeroizing;

use crate::mac::Mac;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::content_digest::ContentDigest;
use crate::pipeline::plaintext_writer::{FormCheck, WriteOptions, WrittenForm, WrittenPart};

/// The plaintext so far.
pub(super) struct WrittenPlaintext {
    texts: Vec<Zeroizing<String>>,
    /// The total length of `texts` in bytes.
    length: usize,
    mac: Mac,
    /// What the content must be if the source forms are checked as a whole.
    content: ContentDigest,
    forms: Vec<WrittenForm>,
    has_other_forms: bool,
    /// How many comments could not be decrypted.
    pub(super) unopened_comments: usize,
}

impl WrittenPlaintext {
    pub(super) fn new(options: WriteOptions) -> Self {
        Self {
            texts: Vec::new(),
            length: 0,
            mac: Mac::new(options.mac_only_encrypted),
            content: ContentDigest::new(options.check == FormCheck::Whole),
            forms: Vec::new(),
            has_other_forms: false,
            unopened_comments: 0,
        }
    }

    /// Adds the next part.
    pub(super) fn add<'a>(
        &mut self,
        part: WrittenPart<'a>,
        cache: Option<&mut CiphertextCache<'a>>,
    ) {
        self.mac.add_all(&part.mac);
        self.content.add_all(&part.content);
        let forms = part.forms.into_iter();
        self.forms.extend(forms.map(|form| form.after(self.length)));
        self.has_other_forms |= part.has_other_forms;
        self.unopened_comments += part.unopened_comments;
        self.length += part.text.len();
        self.texts.push(part.text);
        if let Some(cache) = cache {
            cache.extend(part.ciphertexts);
        }
    }

    /// The MAC of the values.
    pub(super) fn mac(&self) -> String {
        self.mac.clone().finish()
    }

    /// Takes the text.
    pub(super) fn take_text(&mut self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.length));
        for mut part in self.texts.drain(..) {
            text.push_str(&part);
            // An empty string is wiped at once instead of byte by byte.
            part.clear();
        }
        text
    }

    /// Whether the text still has the decrypted values.
    pub(super) fn has_the_values(self, text: &str, format: Format) -> bool {
        match self.content.finish() {
            Some(content) => ContentDigest::of_text(text, format) == Some(content),
            None => {
                !self.has_other_forms && self.forms.iter().all(|form| form.reads_as_value(text))
            }
        }
    }
}
