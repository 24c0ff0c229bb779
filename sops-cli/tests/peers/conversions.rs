//! Converts every format to every other, and compares the results with those of `sops`.

use std::path::Path;

use sops_core::Format;
use sops_core::Format::{Binary, Dotenv, Ini, Json, Yaml};
use sops_test_support::Features;
use sops_test_support::environment::{Run, TestEnvironment, recipient};

use crate::generated::for_each_seed;

const FORMATS: [Format; 5] = [Yaml, Json, Dotenv, Ini, Binary];

const TEXTS: &[(Format, &str)] = &[
    (
        Yaml,
        "a: 1\nb: 1.50\nc: true\nd: null\ne: \"x\\ny\"\nf: 1e6\ng: 2020-01-02\nh: \"#;\"\ndata: raw\n",
    ),
    (
        Yaml,
        "a: 1\nl: [1, [2], {x: 2, y: [3]}]\nm: {k: v, z: \"x\\ny\\n\", w: {q: \" x\\ny\"}}\ne: []\nf: {}\n",
    ),
    (
        Yaml,
        "# one\n\n#two\n#\na: 1 # behind\n# between\nb: 2\n\n# end\n",
    ),
    (
        Yaml,
        "a:\n  # inside\n  1\nb: # behind\n  |\n  x\n  # no comment\nc: &x 2\n# d\ne: *x # f\n",
    ),
    (Yaml, "# one\ns:\n  # two\n  a: 1 # three\n  b: 2\n# four\n"),
    (
        Yaml,
        "s:\n  a: 1\n  b: \"x;y\"\n  \"k=v\": ' x'\nDEFAULT:\n  z: 1.0\n",
    ),
    (Yaml, "DEFAULT:\n  z: 2\ns: {}\n"),
    (Yaml, "data: |\n  one\n  two\n"),
    (Yaml, "data: 5\n"),
    (Yaml, "a: [1]\n"),
    (Yaml, "{}\n"),
    (Yaml, "_unencrypted: 1\n# x\na_unencrypted: 2.0\nb: <&>\n"),
    (
        Json,
        "{\"a\": 1, \"b\": 1.5, \"c\": [1, [2], {}], \"d\": {\"e\": null}, \"f\": \"x\\ny\"}",
    ),
    (Json, "{\"a\": \"x=y\", \"b\": \"é\", \"c\": \"\"}"),
    (
        Json,
        "{\"s\": {\"a\": \"1\", \"b\": true, \"long name\": 1e30}, \"t\": {}}",
    ),
    (Json, "{\"data\": \"x\\u0000y\\n\"}"),
    (Json, "{}"),
    (Dotenv, "# one\nA=1\nB=x\\ny\n\n#two\nC=\"q\"\n#end\n"),
    (Dotenv, "# one\n#\n##two\n#three\u{2028}four\nA=1\n"),
    (Dotenv, "data=d\n"),
    (Dotenv, "# only\n"),
    (Dotenv, ""),
    (Ini, "a = 1\n[s]\nb = `x;y`\n[data]\n"),
    (Ini, "[s]\nb = \"\"\"x\ny\"\"\"\n"),
    (Ini, "; one\n[s]\n; two\na = 1\n; three\nb = x\n[t]\n"),
    (Ini, "[data]\ndata = 1\n"),
    (Ini, ""),
    (Binary, "any text\nat all"),
    (Binary, "{\"a\": 1}"),
    (Binary, ""),
];

/// A file's name in a format.
fn name(format: Format) -> &'static str {
    match format {
        Yaml => "x.yaml",
        Json => "x.json",
        Dotenv => "x.env",
        Ini => "x.ini",
        _ => "x.bin",
    }
}

/// A home with the test key, and both programs in it.
struct Bench(TestEnvironment);

impl Bench {
    fn ours(&self, arguments: &[&str]) -> Run {
        self.0.run(arguments)
    }

    /// Reads the output of `sops` leniently, so that output that is not UTF-8 is shown as a
    /// difference.
    fn sops(&self, arguments: &[&str]) -> Run {
        let mut command = self.0.command_of(Path::new("sops"), arguments);
        let output = command.output().expect("`sops` runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The result of one of the programs for the file. `words` are the command and its flags.
    fn convert(
        &self,
        run: impl Fn(&Self, &[&str]) -> Run,
        words: &[&str],
        from: Format,
        to: Format,
    ) -> Run {
        let formats = ["--input-type", from.name(), "--output-type", to.name()];
        run(self, &[words, &formats, &[name(from)]].concat())
    }

    /// Encrypts in another format, and returns what `sops` decrypts from that.
    fn encrypted_as(
        &self,
        run: impl Fn(&Self, &[&str]) -> Run,
        from: Format,
        to: Format,
    ) -> Result<String, Run> {
        let encrypted = self.convert(run, &["encrypt", "--age", &recipient()], from, to);
        if encrypted.code != Some(0) {
            return Err(encrypted);
        }
        let name = "encrypted";
        self.0.write(name, &encrypted.stdout);
        let formats = ["--input-type", to.name(), "--output-type", to.name()];
        let decrypted = self.sops(&[&["decrypt"], &formats[..], &[name]].concat());
        match decrypted.code {
            Some(0) => Ok(decrypted.stdout),
            _ => Err(decrypted),
        }
    }

    /// Compares both programs for one input and one pair of formats. Returns whether there was a
    /// result to compare.
    fn check(&self, text: &str, from: Format, to: Format) -> Result<bool, String> {
        let describe = |action: &str, ours: &dyn std::fmt::Debug, theirs: &dyn std::fmt::Debug| {
            let (from, to) = (from.name(), to.name());
            format!("{action} {from} as {to}\n{text:?}\nours:   {ours:?}\ntheirs: {theirs:?}")
        };
        self.0.write(name(from), text);
        let ours = self.encrypted_as(Self::ours, from, to);
        let theirs = self.encrypted_as(Self::sops, from, to);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) if without_lost_comments(theirs, from, to) == *ours => {}
            (Err(_), Err(_)) => {}
            // `sops` cannot read its own output in that case.
            (
                Ok(_),
                Err(Run {
                    code: Some(25 | 51),
                    ..
                }),
            ) => {}
            (Err(ours), Ok(_)) if is_better(ours) => {}
            // `sops` keeps keys that a binary file does not have, and loses them when it decrypts.
            (Err(Run { code: Some(4), .. }), Ok(_)) if to == Binary => {}
            _ => return Err(describe("encrypting", &ours, &theirs)),
        }
        let encrypt = ["encrypt", "-i", "--age", &recipient()];
        if self.convert(Self::ours, &encrypt, from, from).code != Some(0) {
            return Ok(false);
        }
        let ours = self.convert(Self::ours, &["decrypt"], from, to);
        if is_better(&ours) {
            return Ok(false);
        }
        let theirs = self.convert(Self::sops, &["decrypt"], from, to);
        let expected = without_lost_comments(&theirs.stdout, from, to);
        if ours.code != theirs.code || ours.stdout != expected {
            return Err(describe("decrypting", &ours, &theirs));
        }
        Ok(ours.code == Some(0))
    }
}

/// Whether this program refuses what `sops` writes in plaintext, in part, with other characters, in
/// Go's notation, or in a way that reads as something else.
fn is_better(refused: &Run) -> bool {
    let words = [
        "would stay in plaintext",
        "allows only one",
        "allows only sections of keys",
        "cannot represent this key",
        "is not UTF-8",
    ];
    words.iter().any(|words| refused.stderr.contains(words))
}

/// The output of `sops` without the comments of INI, some of which it moves to other keys or loses.
fn without_lost_comments(text: &str, from: Format, to: Format) -> String {
    let without = |marker| {
        let lines = text.split_inclusive('\n');
        lines
            .filter(|line| !line.trim_start().starts_with(marker))
            .collect::<String>()
    };
    match (from, to) {
        (_, Ini) => without(';'),
        // `sops` writes braces for an empty section.
        (Ini, Yaml) => without('#').replace("{\n}", "{}"),
        // `sops` keeps characters that end a line in YAML and not in dotenv; this program writes a
        // line feed.
        (Dotenv, Yaml) => text.replace("\r\n", "\n").replace(['\r', '\u{2028}'], "\n"),
        _ => text.to_owned(),
    }
}

#[test]
fn every_format_is_written_as_every_other_as_sops_does() {
    let bench = Bench(TestEnvironment::new());
    let mut failures = Vec::new();
    let mut compared = 0;
    for (from, text) in TEXTS {
        for to in FORMATS.into_iter().filter(|to| to != from) {
            match bench.check(text, *from, to) {
                Ok(result) => compared += usize::from(result),
                Err(failure) => failures.push(failure),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n----\n"));
    assert!(compared > 60, "only {compared} results");
}

#[test]
fn generated_documents_are_written_in_other_formats_as_sops_does() {
    // Each pair takes six runs of the programs.
    for_each_seed("conversions", 100, |seed| {
        let bench = Bench(TestEnvironment::new());
        let no_comments = Features {
            comments: false,
            ..Features::ALL
        };
        let (from, text) = match seed % 4 {
            0 => (Yaml, sops_test_support::yaml(seed, no_comments)),
            1 => (Json, sops_test_support::json(seed)),
            2 => (Dotenv, sops_test_support::dotenv(seed)),
            _ => (Ini, sops_test_support::ini(seed)),
        };
        // JSON readers drop the sign of a zero.
        let text = text.replace("-0\n", "0\n").replace("-0.0", "0.0");
        let mut others = FORMATS
            .into_iter()
            .filter(|to| *to != from && *to != Binary);
        others.try_for_each(|to| bench.check(&text, from, to).map(|_| ()))
    });
}

#[test]
fn levels_are_indented_as_sops_indents_them() {
    let bench = Bench(TestEnvironment::new());
    let configuration = |yaml, json, binary| {
        format!(
            "stores: {{yaml: {{indent: {yaml}}}, json: {{indent: {json}}}, json_binary: {{indent: {binary}}}}}\n"
        )
    };
    let ways = [
        (vec![], configuration(2, 3, 5)),
        (vec![], configuration(9, -1, 0)),
        (vec![], configuration(10, 10, 10)),
        (vec![], configuration(0, 0, -1)),
        (vec!["--indent", "3"], configuration(2, 4, 5)),
        (vec!["--indent=0"], configuration(2, 4, 5)),
        (vec!["--indent=1"], String::new()),
        (vec!["--indent=8"], String::new()),
        (vec!["--indent=255"], String::new()),
    ];
    for (flags, configuration) in ways {
        bench.0.write(".sops.yaml", &configuration);
        let words = |command: &'static str| [&flags[..], &[command]].concat();
        for (from, text, to) in [
            (Yaml, TEXTS[1].1, Json),
            (
                Json,
                "{\"a\": [1, [2, {\"b\": \"x\\ny\", \"c\": [3]}]], \"d\": {}}",
                Yaml,
            ),
            (Dotenv, "# c\nA=x\\ny\n", Yaml),
            (Ini, "[s]\nb = x\n", Yaml),
            (Ini, "[s]\nb = x\n", Json),
            (Binary, "one\ntwo\n", Json),
        ] {
            bench.0.write(name(from), text);
            let encrypt = ["encrypt", "-i", "--age", &recipient()];
            bench.convert(Bench::ours, &encrypt, from, from).succeeds();
            let ours = bench.convert(Bench::ours, &words("decrypt"), from, to);
            let theirs = bench.convert(Bench::sops, &words("decrypt"), from, to);
            let (ours, theirs) = (ours.succeeds().stdout, theirs.succeeds().stdout);
            assert_eq!(ours, theirs, "{flags:?}, {configuration}");
        }
        // Only a binary file gets a new layout when it is encrypted.
        bench.0.write("x.bin", "any text");
        let recipient = recipient();
        let encrypt = [&words("encrypt")[..], &["--age", &recipient]].concat();
        let ours = bench.convert(Bench::ours, &encrypt, Binary, Binary);
        let theirs = bench.convert(Bench::sops, &encrypt, Binary, Binary);
        let (ours, theirs) = (ours.succeeds().stdout, theirs.succeeds().stdout);
        assert_eq!(layout(&ours), layout(&theirs), "{flags:?}, {configuration}");
        // In a YAML file, only the `sops` entry is new, and it keeps its layout when the file is
        // changed.
        bench.0.write("x.yaml", "a: x\n");
        let ours = bench.convert(Bench::ours, &encrypt, Yaml, Yaml);
        let theirs = bench.convert(Bench::sops, &encrypt, Yaml, Yaml);
        let (ours, theirs) = (ours.succeeds().stdout, theirs.succeeds().stdout);
        assert_eq!(keys(&ours), keys(&theirs), "{flags:?}, {configuration}");
        bench.0.write("x.yaml", &theirs);
        bench.0.write(".sops.yaml", "");
        for change in [
            &["set", "x.yaml", "[\"a\"]", "\"y\""][..],
            &["rotate", "-i", "x.yaml"],
        ] {
            bench.0.run(change).succeeds();
            assert_eq!(keys(&bench.0.read("x.yaml")), keys(&theirs), "{change:?}");
        }
    }
}

/// The keys of a YAML file with their indentation. The rest differs in each run.
fn keys(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.split_once(':').map(|(key, _)| key))
        .collect()
}

/// The lines of a JSON file up to their values, which differ in each run.
fn layout(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.split_once("\": \"").map_or(line, |(key, _)| key))
        .collect()
}

/// Bytes that are not text, which `sops` replaces with other characters.
#[test]
fn values_that_another_format_cannot_represent_are_refused() {
    let bench = Bench(TestEnvironment::new());
    bench.0.write("x.bin", b"a\xff\0");
    let encrypt = ["encrypt", "-i", "--age", &recipient()];
    bench
        .convert(Bench::ours, &encrypt, Binary, Binary)
        .succeeds();
    let theirs = bench.convert(Bench::sops, &["decrypt"], Binary, Json);
    assert!(theirs.succeeds().stdout.contains("\"a\\ufffd"));
    for to in [Json, Dotenv] {
        let ours = bench
            .convert(Bench::ours, &["decrypt"], Binary, to)
            .fails_with(4);
        assert!(ours.stderr.contains("not UTF-8"), "{ours}");
    }
    let yaml = |run: fn(&Bench, &[&str]) -> Run| bench.convert(run, &["decrypt"], Binary, Yaml);
    let (ours, theirs) = (yaml(Bench::ours), yaml(Bench::sops));
    assert_eq!(ours.succeeds().stdout, theirs.succeeds().stdout);
    // `sops` leaves out other keys than `data` when it decrypts.
    bench.0.write("x.yaml", "data: x\nmore: y\n");
    let ours = bench.convert(
        Bench::ours,
        &["encrypt", "--age", &recipient()],
        Yaml,
        Binary,
    );
    assert!(ours.fails_with(4).stderr.contains("more: "));
}
