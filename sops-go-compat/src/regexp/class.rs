//! Go's character classes, by name and by range, with Go's case folding.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// Limits the code points and ranges that the classes of one expression may take to build;
/// `(?i)\PL` takes 1.1 million.
const MAX_WORK: usize = 8_000_000;

/// A character set under construction. Each part is folded separately, because folding and negation
/// do not commute.
pub(super) struct Builder {
    set: ClassUnicode,
    fold: bool,
    work: usize,
}

/// The classes of the expression are too large.
#[derive(Debug)]
pub(super) struct TooLarge;

impl Builder {
    /// Starts an empty set. `fold` is the flag `i`; `work` is the cost of the expression's classes
    /// so far.
    pub(super) fn new(fold: bool, work: usize) -> Self {
        Self {
            set: ClassUnicode::empty(),
            fold,
            work,
        }
    }

    /// Adds the code points from `low` to `high`, without surrogates, which can't be in a string.
    pub(super) fn range(&mut self, low: u32, high: u32) -> Result<(), TooLarge> {
        self.add(from_ranges(&[(low, high)]), self.fold, false)
    }

    /// Adds a class of ASCII characters, or its complement.
    pub(super) fn ascii(&mut self, ranges: &[(u8, u8)], negated: bool) -> Result<(), TooLarge> {
        let ranges: Vec<(u32, u32)> = ranges
            .iter()
            .map(|(low, high)| (u32::from(*low), u32::from(*high)))
            .collect();
        self.add(from_ranges(&ranges), self.fold, negated)
    }

    /// Adds a Unicode class or its complement. Returns `false` if Go does not know the name.
    pub(super) fn unicode(&mut self, name: &str, negated: bool) -> Result<bool, TooLarge> {
        let name = canonical(name);
        if name == "Assigned" {
            return match category("Cn") {
                Some(unassigned) => self.add(unassigned, false, !negated).map(|()| true),
                None => Ok(false),
            };
        }
        let Some(set) = named(&name) else {
            return Ok(false);
        };
        // Go has no folding table for `LC`.
        let fold = self.fold && !matches!(&*name, "Lc" | "Casedletter");
        self.add(set, fold, negated).map(|()| true)
    }

    /// The set or its complement, and the cost of the expression's classes so far.
    pub(super) fn finish(mut self, negated: bool) -> (ClassUnicode, usize) {
        if negated {
            self.set.negate();
        }
        (self.set, self.work)
    }

    fn add(&mut self, mut part: ClassUnicode, fold: bool, negated: bool) -> Result<(), TooLarge> {
        self.work += part.ranges().len();
        if fold {
            self.work += part.iter().map(ClassUnicodeRange::len).sum::<usize>();
        }
        if self.work > MAX_WORK {
            return Err(TooLarge);
        }
        if fold {
            add_cases(&mut part)?;
        }
        if negated {
            part.negate();
        }
        self.set.union(&part);
        Ok(())
    }
}

/// Adds the other case of every character, as far as Go knows it.
fn add_cases(set: &mut ClassUnicode) -> Result<(), TooLarge> {
    let holds = |set: &ClassUnicode, c| {
        set.iter()
            .any(|range| range.start() <= c && c <= range.end())
    };
    let unfolded: Vec<char> = NOT_FOLDED.into_iter().filter(|c| !holds(set, *c)).collect();
    // This fails only without a feature of the crate that is enabled here.
    set.try_case_fold_simple().map_err(|_| TooLarge)?;
    set.difference(&ClassUnicode::new(
        unfolded.into_iter().map(|c| ClassUnicodeRange::new(c, c)),
    ));
    Ok(())
}

/// Characters that got another case in Unicode 15.1 or 16. Go uses Unicode 15 and leaves them
/// alone.
const NOT_FOLDED: [char; 10] = [
    '\u{19b}', '\u{264}', '\u{390}', '\u{3b0}', '\u{1fd3}', '\u{1fe3}', '\u{a7cb}', '\u{a7dc}',
    '\u{fb05}', '\u{fb06}',
];

/// The ranges of `\d`, `\s` and `\w`, which are ASCII in Go.
pub(super) fn perl(letter: char) -> Option<&'static [(u8, u8)]> {
    Some(match letter {
        'd' => &[(b'0', b'9')],
        's' => &[(b'\t', b'\n'), (0x0c, b'\r'), (b' ', b' ')],
        'w' => &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')],
        _ => return None,
    })
}

/// The ranges of the class `[:name:]`.
pub(super) fn posix(name: &str) -> Option<&'static [(u8, u8)]> {
    Some(match name {
        "alnum" => &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        "alpha" => &[(b'A', b'Z'), (b'a', b'z')],
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => &[(b'0', b'9')],
        "graph" => &[(b'!', b'~')],
        "lower" => &[(b'a', b'z')],
        "print" => &[(b' ', b'~')],
        "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        "space" => &[(b'\t', b'\r'), (b' ', b' ')],
        "upper" => &[(b'A', b'Z')],
        "word" => &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')],
        "xdigit" => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    })
}

fn from_ranges(ranges: &[(u32, u32)]) -> ClassUnicode {
    // `char` excludes surrogates, so each range is split into the parts below and above them.
    let halves = ranges
        .iter()
        .flat_map(|(low, high)| [(*low, (*high).min(0xd7ff)), ((*low).max(0xe000), *high)]);
    ClassUnicode::new(halves.filter_map(|(low, high)| {
        match (char::from_u32(low), char::from_u32(high)) {
            (Some(low), Some(high)) if low <= high => Some(ClassUnicodeRange::new(low, high)),
            _ => None,
        }
    }))
}

/// A class by its canonical name.
fn named(name: &str) -> Option<ClassUnicode> {
    match name {
        "Any" => return Some(from_ranges(&[(0, 0x10_ffff)])),
        "Ascii" => return Some(from_ranges(&[(0, 0x7f)])),
        "Lc" => return category("LC"),
        _ => {}
    }
    if CATEGORIES.binary_search(&name).is_ok() {
        return category(name);
    }
    if SCRIPTS.binary_search(&name).is_ok() {
        return table(&format!(r"\p{{sc={name}}}"));
    }
    let (_, short) = CATEGORY_ALIASES.iter().find(|(alias, _)| *alias == name)?;
    category(short)
}

fn category(name: &str) -> Option<ClassUnicode> {
    if name == "Cs" {
        return Some(ClassUnicode::empty());
    }
    table(&format!(r"\p{{gc={name}}}"))
}

/// The class of a property in `regex-syntax`.
fn table(property: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(property).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(set)) => Some(set),
        // `regex-syntax` returns a set of one character as a literal.
        HirKind::Literal(literal) => {
            let only = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(only, only)]))
        }
        _ => None,
    }
}

/// Normalizes a name as Go's lookup does since 1.25: one capital, then lower case, without spaces,
/// hyphens and underscores.
fn canonical(name: &str) -> String {
    let mut canonical = String::with_capacity(name.len());
    for c in name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')) {
        canonical.push(if canonical.is_empty() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        });
    }
    canonical
}

/// Go's categories, sorted.
const CATEGORIES: [&str; 37] = [
    "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn",
    "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm",
    "So", "Z", "Zl", "Zp", "Zs",
];

/// Go's long names for categories, in canonical form.
const CATEGORY_ALIASES: [(&str, &str); 42] = [
    ("Casedletter", "LC"),
    ("Closepunctuation", "Pe"),
    ("Cntrl", "Cc"),
    ("Combiningmark", "M"),
    ("Connectorpunctuation", "Pc"),
    ("Control", "Cc"),
    ("Currencysymbol", "Sc"),
    ("Dashpunctuation", "Pd"),
    ("Decimalnumber", "Nd"),
    ("Digit", "Nd"),
    ("Enclosingmark", "Me"),
    ("Finalpunctuation", "Pf"),
    ("Format", "Cf"),
    ("Initialpunctuation", "Pi"),
    ("Letter", "L"),
    ("Letternumber", "Nl"),
    ("Lineseparator", "Zl"),
    ("Lowercaseletter", "Ll"),
    ("Mark", "M"),
    ("Mathsymbol", "Sm"),
    ("Modifierletter", "Lm"),
    ("Modifiersymbol", "Sk"),
    ("Nonspacingmark", "Mn"),
    ("Number", "N"),
    ("Openpunctuation", "Ps"),
    ("Other", "C"),
    ("Otherletter", "Lo"),
    ("Othernumber", "No"),
    ("Otherpunctuation", "Po"),
    ("Othersymbol", "So"),
    ("Paragraphseparator", "Zp"),
    ("Privateuse", "Co"),
    ("Punct", "P"),
    ("Punctuation", "P"),
    ("Separator", "Z"),
    ("Spaceseparator", "Zs"),
    ("Spacingmark", "Mc"),
    ("Surrogate", "Cs"),
    ("Symbol", "S"),
    ("Titlecaseletter", "Lt"),
    ("Unassigned", "Cn"),
    ("Uppercaseletter", "Lu"),
];

/// The scripts that Go's lookup can find, sorted. It removes underscores from the requested name
/// but not from its own names, so it only finds single words.
const SCRIPTS: [&str; 117] = [
    "Adlam",
    "Ahom",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Carian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dogra",
    "Duployan",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Inherited",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kawi",
    "Kharoshthi",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Medefaidrin",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nandinagari",
    "Newa",
    "Nko",
    "Nushu",
    "Ogham",
    "Oriya",
    "Osage",
    "Osmanya",
    "Palmyrene",
    "Phoenician",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "Sinhala",
    "Sogdian",
    "Soyombo",
    "Sundanese",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Takri",
    "Tamil",
    "Tangsa",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Toto",
    "Ugaritic",
    "Vai",
    "Vithkuqi",
    "Wancho",
    "Yezidi",
    "Yi",
];
