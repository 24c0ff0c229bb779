//! The character classes of Go's syntax, by name and by range, case-folded as Go does it.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// How many code points or ranges the classes of one expression may cost to build; `(?i)\PL` costs 1.1 million.
const MAX_WORK: usize = 8_000_000;

/// A set of characters that is being put together; every part is folded by itself, as negation and folding do not commute.
pub(super) struct Builder {
    set: ClassUnicode,
    fold: bool,
    work: usize,
}

/// The classes of the expression are too large.
#[derive(Debug)]
pub(super) struct TooLarge;

impl Builder {
    /// An empty set; `fold` stands for the flag `i`, `work` is what the expression's classes cost so far.
    pub(super) fn new(fold: bool, work: usize) -> Self {
        Self {
            set: ClassUnicode::empty(),
            fold,
            work,
        }
    }

    /// Adds the code points from `low` to `high`; surrogates, which no text holds, drop out.
    pub(super) fn range(&mut self, low: u32, high: u32) -> Result<(), TooLarge> {
        self.add(from_ranges(&[(low, high)]), self.fold, false)
    }

    /// Adds a class of ASCII characters, or all but those.
    pub(super) fn ascii(&mut self, ranges: &[(u8, u8)], negated: bool) -> Result<(), TooLarge> {
        let ranges: Vec<(u32, u32)> = ranges
            .iter()
            .map(|(low, high)| (u32::from(*low), u32::from(*high)))
            .collect();
        self.add(from_ranges(&ranges), self.fold, negated)
    }

    /// Adds a class by its Unicode name, or all but it. `false`: Go knows no such name.
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
        // Go has no table to fold `LC` by.
        let fold = self.fold && !matches!(&*name, "Lc" | "Casedletter");
        self.add(set, fold, negated).map(|()| true)
    }

    /// The set, or all but it, and what the expression's classes cost by now.
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
    // The feature that this fails without is on.
    set.try_case_fold_simple().map_err(|_| TooLarge)?;
    set.difference(&ClassUnicode::new(
        unfolded.into_iter().map(|c| ClassUnicodeRange::new(c, c)),
    ));
    Ok(())
}

/// Characters that have another case since Unicode 15.1 or 16, which Go (Unicode 15) leaves alone.
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
    // `char` has no surrogates, so a range is what lies below them and what lies above.
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

/// The class that `regex-syntax` has for a property.
fn table(property: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(property).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(set)) => Some(set),
        // A set of one character is handed out as a literal.
        HirKind::Literal(literal) => {
            let only = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(only, only)]))
        }
        _ => None,
    }
}

/// The name as Go (since 1.25) looks it up: a capital, then small letters, without spaces, hyphens and underscores.
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

/// Go's long names of categories in their canonical form.
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

/// The scripts that Go finds, sorted: those whose names are one capitalised word, since its lookup takes the underscores out of
/// the name that is asked for, and not out of its own.
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
