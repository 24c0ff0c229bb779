//! Changes to an encrypted file that are not possible.

use super::Input::{Encrypted, File, Nothing};
use super::{Case, PLAIN, case};

pub(crate) fn changes() -> Vec<Case> {
    vec![
        case("no value to set", Encrypted, "set F [\"a\"]", 100),
        case("no file to set", Nothing, "set", 100),
        case(
            "too many arguments to set",
            Encrypted,
            "set F [\"a\"] 1 2",
            100,
        ),
        case(
            "one value too many",
            Encrypted,
            "set --value-stdin F [\"a\"] 1",
            100,
        ),
        case(
            "two sources of a value",
            Encrypted,
            "set --value-stdin --value-file F [\"a\"] x",
            1,
        ),
        case(
            "a missing file for the value",
            Encrypted,
            "set --value-file F [\"a\"] none",
            1,
        ),
        case("a path with an open bracket", Encrypted, "set F a[ 1", 7),
        case(
            "a value that is not JSON",
            Encrypted,
            "set F [\"a\"] hunter2",
            7,
        ),
        case(
            "a value followed by text",
            Encrypted,
            "set F [\"a\"] \"hunter2\"hunter2",
            7,
        ),
        case(
            "a key of a list",
            Encrypted,
            "set F [\"list\"][\"a\"] \"hunter2\"",
            1,
        ),
        case("an index of a mapping", Encrypted, "set F [0] 1", 1),
        case("the key `sops`", Encrypted, "set F [\"sops\"] 1", 203),
        case(
            "a missing file to set",
            Nothing,
            "set none.yaml [\"a\"] 1",
            2,
        ),
        case(
            "a plaintext file to set",
            File("x.yaml", PLAIN.into()),
            "set F [\"a\"] 1",
            1,
        ),
        case(
            "an old form without a space",
            Encrypted,
            "--set [\"a\"]1 F",
            7,
        ),
        case("no path to remove", Encrypted, "unset F", 100),
        case("a malformed path to remove", Encrypted, "unset F zz[", 7),
        case("a missing key to remove", Encrypted, "unset F [\"zz\"]", 1),
        case(
            "a path without a closing bracket",
            Encrypted,
            "set F [\"a\" 1",
            7,
        ),
        case("a word as an index", Encrypted, "unset F [x]", 7),
        case("text after a path", Encrypted, "unset F [\"password\"]x", 7),
        case("a negative index", Encrypted, "unset F [\"list\"][-1]", 7),
        case(
            "a malformed path to print",
            Encrypted,
            "decrypt --extract a[ F",
            91,
        ),
        case(
            "a path to print without a closing bracket",
            Encrypted,
            "decrypt --extract [\"a\" F",
            91,
        ),
        case(
            "a missing key to print",
            Encrypted,
            "decrypt --extract [\"zz\"] F",
            1,
        ),
        case(
            "a missing item to print",
            Encrypted,
            "decrypt --extract [\"list\"][7] F",
            1,
        ),
        case(
            "an item of a value to print",
            Encrypted,
            "decrypt --extract [\"password\"][0] F",
            1,
        ),
        case(
            "a key of a list to print",
            Encrypted,
            "decrypt --extract [\"list\"][\"a\"] F",
            1,
        ),
        case(
            "the last recipient to remove",
            Encrypted,
            "rotate -i --rm-age R F",
            1,
        ),
        case(
            "a malformed recipient to remove",
            Encrypted,
            "rotate -i --rm-age age1bogus F",
            1,
        ),
        case(
            "a private key to add",
            Encrypted,
            "rotate -i --add-age AGE-SECRET-KEY-1HUNTER F",
            1,
        ),
        case(
            "a private key to remove",
            Encrypted,
            "rotate -i --rm-age AGE-SECRET-KEY-1HUNTER F",
            1,
        ),
        case(
            "a missing item to remove",
            Encrypted,
            "unset F [\"list\"][7]",
            1,
        ),
        case(
            "a key in a value to remove",
            Encrypted,
            "unset F [\"password\"][\"a\"]",
            1,
        ),
    ]
}
