//! Values that are older than their rule allows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value as Json;
use sops_test_support::environment::{Run, recipient};

use super::Repository;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The rule for `short/` has a maximum age of 30 days; the other one has none.
fn repository() -> Repository {
    let repository = Repository::new();
    let ann = recipient();
    repository.0.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: ^short/\n  max_age: 30d\n  age: {ann}\n- age: {ann}\n"
        ),
    );
    for name in ["short/new.yaml", "short/old.yaml", "long/old.yaml"] {
        repository.0.write(name, format!("key: value of {name}\n"));
        repository.0.run(&["encrypt", "-i", name]).succeeds();
    }
    repository.commit_before(DAY * 100);
    repository
        .0
        .run(&["set", "short/new.yaml", "key", "\"new\""])
        .succeeds();
    repository.0.run(&["rotate", "-i", "."]).succeeds();
    repository.commit_before(DAY * 10);
    repository
}

impl Repository {
    /// Commits all files, with a date this long ago.
    fn commit_before(&self, age: Duration) {
        let time = SystemTime::now() - age;
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .expect("it is later")
            .as_secs();
        self.git(&["add", "--all"]);
        let date = format!("--date={seconds} +0000");
        self.git(&["commit", "-q", "-m", "x", &date]);
    }

    #[track_caller]
    fn due(&self, code: i32, arguments: &[&str]) -> Run {
        let run = self.0.run(&[&["exposure"], arguments].concat());
        assert_eq!(run.code, Some(code), "{run}");
        run.keeps(&["value of "])
    }
}

#[test]
fn values_are_due_by_their_last_real_change() {
    let repository = repository();
    // A rotation does not change the value.
    let run = repository.due(1, &["--due"]);
    assert_eq!(run.stdout.lines().count(), 1, "{run}");
    assert!(
        run.stdout.starts_with("short/old.yaml: key: due since 20"),
        "{run}"
    );
    assert!(run.stdout.contains("; maximum age 30d\n"), "{run}");
    assert!(
        run.stderr
            .contains("Due: 1 of 2 secret values with a maximum age"),
        "{run}"
    );

    let run = repository.due(1, &["--max-age", "90d"]);
    let names: Vec<_> = run
        .stdout
        .lines()
        .filter_map(|line| line.split(": ").next())
        .collect();
    assert_eq!(names, ["long/old.yaml", "short/old.yaml"]);

    let run = repository.due(0, &["--max-age", "200d", "long"]);
    assert_eq!(run.stdout, "");
}

#[test]
fn due_values_are_available_for_programs() {
    let repository = repository();
    let run = repository.due(1, &["--due", "--format", "json"]);
    let values: Json = serde_json::from_str(&run.stdout).expect("it is JSON");
    let due: Vec<_> = values
        .as_array()
        .expect("a list")
        .iter()
        .map(|value| &value["is_due"])
        .collect();
    assert_eq!(due, [false, true]);

    let run = repository.due(1, &["--due", "--format", "junit"]);
    assert!(
        run.stdout
            .contains("tests=\"2\" skipped=\"0\" failures=\"1\""),
        "{run}"
    );

    let run = repository.due(1, &["--due", "--format", "calendar"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "BEGIN:VCALENDAR", "{run}");
    let events = lines.iter().filter(|line| **line == "BEGIN:VEVENT");
    assert_eq!(events.count(), 2, "{run}");
    assert!(
        lines.contains(&"SUMMARY:Replace short/old.yaml: key"),
        "{run}"
    );
    let day = values[1]["due"].as_str().expect("a date").replace('-', "");
    let day = format!("DTSTART;VALUE=DATE:{day}");
    assert!(lines.contains(&&*day), "{day}: {run}");
    // Calendars update the event.
    let again = repository.due(1, &["--due", "--format", "calendar"]);
    let ids = |run: &Run| {
        let ids = run.stdout.lines().filter(|line| line.starts_with("UID:"));
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ids(&run), ids(&again));

    let run = repository
        .0
        .run(&["exposure", "--format", "junit"])
        .fails_with(2);
    assert!(run.stderr.contains("`--due` or `--max-age`"), "{run}");
}

#[test]
fn an_invalid_age_is_an_error() {
    let repository = Repository::new();
    repository.0.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n  max_age: soon\n", recipient()),
    );
    repository.0.write("a.yaml", "a: b\n");
    let run = repository.0.run(&["encrypt", "a.yaml"]).fails_with(1);
    assert!(
        run.stderr.contains("a length of time, such as `90d`"),
        "{run}"
    );
}

#[test]
fn a_short_value_is_as_old_as_in_its_own_file() {
    let repository = repository();
    repository
        .0
        .write("long/flag.yaml", "a: 1\nlist: [true, x]\n");
    repository
        .0
        .run(&["encrypt", "-i", "long/flag.yaml"])
        .succeeds();
    repository.commit_before(DAY * 100);
    repository
        .0
        .write("short/flag.yaml", "a: 1\nlist: [true, x]\n");
    repository
        .0
        .run(&["encrypt", "-i", "short/flag.yaml"])
        .succeeds();
    repository.commit_before(DAY * 20);
    // Nor does a rotation or a new name change it.
    repository.0.run(&["rotate", "-i", "."]).succeeds();
    repository.commit_before(DAY * 10);
    repository.git(&["mv", "long/flag.yaml", "long/renamed.yaml"]);
    repository.commit_before(DAY * 5);
    let run = repository.due(
        1,
        &["--max-age", "90d", "short/flag.yaml", "long/renamed.yaml"],
    );
    let names: Vec<_> = run
        .stdout
        .lines()
        .filter_map(|line| line.split(": due").next())
        .collect();
    assert_eq!(
        names,
        [
            "long/renamed.yaml: a",
            "long/renamed.yaml: list[0]",
            "long/renamed.yaml: list[1]"
        ]
    );
    assert!(run.stdout.contains("; maximum age 90d\n"), "{run}");
}
