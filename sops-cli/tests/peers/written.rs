//! Documents written by hand.

use sops_core::Format;
use test_support::written;

use crate::{generated, peer};

#[test]
fn sops_reads_ours_as_its_own() {
    let format = Format::Yaml;
    for text in written::ACCEPTED {
        let ours = peer::encrypt(text, format, |_| {}).expect(text);
        let back = peer::decrypt(&ours, format).expect(text);
        assert_eq!(back, *text);
        let read = peer::sops_decrypt(&ours, format)
            .unwrap_or_else(|error| panic!("{text:?}: {error}\n{ours}"));
        assert!(!read.contains("ENC[AES256"), "{text:?}: {read}");
        // What `sops` itself refuses, it may read all the same once it is encrypted and so in quotes.
        let Some(theirs) = peer::sops_encrypt(text, format, &[]) else {
            continue;
        };
        let expected = peer::sops_decrypt(&theirs, format).expect(text);
        assert!(
            read == expected || generated::differs_in_places_of_comments(&read, &expected, format),
            "{text:?}: `sops` reads in ours\n{read}\nand in its own\n{expected}"
        );
    }
}
