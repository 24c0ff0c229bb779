//! Values that are older than their creation rule allows, by their last change: as text, JSON,
//! JUnit or a calendar.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::SystemTime;

use icalendar::{Calendar, Component as _, Event, Property};
use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sops_core::keys::timestamp;
use sops_printable::one_line;

use super::survey::{Moment, Survey};
use crate::arguments::{Age, GlobalArgs};
use crate::command_error::{CommandError, name_of};
use crate::config::load;
use crate::config::resolve::ConfigResolver;
use crate::ui::Ui;

/// A value with a maximum age.
#[derive(Serialize)]
pub(super) struct DueValue {
    file: String,
    path: String,
    /// When it last changed; `None` if the change is not committed.
    last_change: Option<Moment>,
    /// The maximum age, as written in the rule.
    max_age: String,
    /// The day on which it is due, in UTC.
    due: String,
    is_due: bool,
}

/// The maximum age of the values of each file.
pub(super) struct MaxAges(HashMap<PathBuf, Age>);

impl MaxAges {
    /// Reads the maximum ages in the creation rules; `default` applies to rules without one.
    pub(super) fn read(
        ui: &Ui,
        globals: &GlobalArgs,
        survey: &Survey,
        default: Option<&Age>,
    ) -> Result<Self, CommandError> {
        let own = load::config(ui, globals)?;
        let files = || survey.files.iter();
        let resolver = ConfigResolver::new(ui, globals, own, files().map(|(item, _)| item))?;
        let mut ages = HashMap::new();
        for (item, path) in files() {
            let resolved = resolver.of(item)?;
            let own = resolved.rule().and_then(|rule| {
                Some(Age {
                    duration: rule.max_age?,
                    text: rule.max_age_text.clone()?,
                })
            });
            let age = own.or_else(|| default.cloned());
            ages.extend(age.map(|age| (path.clone(), age)));
        }
        Ok(Self(ages))
    }
}

/// The values with a maximum age.
pub(super) fn due_values(survey: &Survey, ages: &MaxAges, now: SystemTime) -> Vec<DueValue> {
    let values = survey.values.iter().enumerate();
    let values = values.filter_map(|(number, value)| {
        let max_age = ages.0.get(&*value.file)?;
        let changed = survey.last_change_time(number).unwrap_or(now);
        let due = changed.checked_add(max_age.duration)?;
        Some(DueValue {
            file: name_of(&value.file),
            path: value.path.to_string(),
            last_change: survey.last_change(number),
            max_age: max_age.text.clone(),
            due: timestamp::format(due)[..10].to_owned(),
            is_due: due <= now,
        })
    });
    values.collect()
}

impl DueValue {
    fn name(&self) -> String {
        let Self { file, path, .. } = self;
        match path.is_empty() {
            true => file.clone(),
            false => format!("{file}: {path}"),
        }
    }

    fn changed(&self) -> String {
        match &self.last_change {
            Some(moment) => format!("last changed {} ({})", moment.day(), moment.commit),
            None => "its last change is not committed".to_owned(),
        }
    }
}

/// Whether any of the values is due.
pub(super) fn is_any_due(values: &[DueValue]) -> bool {
    values.iter().any(|value| value.is_due)
}

/// One line for each value that is due.
pub(super) fn text(ui: &Ui, values: &[DueValue]) -> Result<(), CommandError> {
    let due = || values.iter().filter(|value| value.is_due);
    for value in due() {
        let DueValue { max_age, due, .. } = value;
        let (name, changed) = (value.name(), value.changed());
        ui.print(format_args!(
            "{name}: due since {due}; {changed}; maximum age {max_age}"
        ))?;
    }
    let all = values.len();
    let plural = if all == 1 { "" } else { "s" };
    ui.note(format_args!(
        "Due: {} of {all} secret value{plural} with a maximum age",
        due().count()
    ));
    Ok(())
}

pub(super) fn json(ui: &Ui, values: &[DueValue]) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(values);
    let text = text.expect("the values have only strings as keys");
    ui.output(format!("{text}\n").as_bytes())
}

/// A suite for each file, with a case for each value.
pub(super) fn junit(ui: &Ui, values: &[DueValue]) -> Result<(), CommandError> {
    let mut report = JUnit::new("sops-rs exposure");
    for values in values.chunk_by(|left, right| left.file == right.file) {
        let mut suite = TestSuite::new(&*one_line(&values[0].file));
        for value in values {
            let mut status = TestCaseStatus::success();
            if value.is_due {
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type("due").set_message(format!(
                    "due since {}; {}; maximum age {}",
                    value.due,
                    value.changed(),
                    value.max_age
                ));
            }
            suite.add_test_case(TestCase::new(&*one_line(&value.name()), status));
        }
        report.add_test_suite(suite);
    }
    let text = report
        .to_string()
        .expect("strings can be written to memory");
    ui.output(text.as_bytes())
}

/// An event for each value, on the day on which it is due.
pub(super) fn calendar(ui: &Ui, values: &[DueValue]) -> Result<(), CommandError> {
    let mut calendar = Calendar::new();
    calendar.name("Secrets to replace");
    for value in values {
        let name = one_line(&value.name()).into_owned();
        let mut day = Property::new("DTSTART", value.due.replace('-', ""));
        day.add_parameter("VALUE", "DATE");
        // The same event in every run, so that calendars update it.
        let id = Sha256::digest(name.as_bytes());
        let id = id.iter().take(16).map(|byte| format!("{byte:02x}"));
        let event = Event::new()
            .uid(&id.collect::<String>())
            .summary(&format!("Replace {name}"))
            .description(&format!(
                "{}; maximum age {}",
                value.changed(),
                value.max_age
            ))
            .append_property(day)
            .done();
        calendar.push(event);
    }
    ui.output(calendar.done().to_string().as_bytes())
}
