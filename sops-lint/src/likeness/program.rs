//! Programs that take a password in their command line by a flag whose name says nothing of it.

use super::{Likeness, judge};

/// How a flag has its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    /// `-phunter2`; the next word is something else.
    Attached,
    /// `-a hunter2`.
    Next,
    /// `-u user:hunter2`, also attached or behind `=`.
    OfUser,
}

/// Names of programs, and the flags of each that hold a password.
const PROGRAMS: &[(&[&str], &[&str], Value)] = &[
    (
        &["curl"],
        &["-u", "--user", "-U", "--proxy-user"],
        Value::OfUser,
    ),
    (
        &[
            "mysql",
            "mysqladmin",
            "mysqlcheck",
            "mysqldump",
            "mariadb",
            "mariadb-admin",
            "mariadb-dump",
            "sshpass",
        ],
        &["-p"],
        Value::Attached,
    ),
    (&["redis-cli", "valkey-cli"], &["-a"], Value::Next),
    (
        &["mongo", "mongosh", "mongodump", "mongorestore", "sshpass"],
        &["-p"],
        Value::Next,
    ),
    (
        &["ldapsearch", "ldapadd", "ldapmodify", "ldapwhoami"],
        &["-w"],
        Value::Next,
    ),
];

/// The first password in the words of a command: the index of its word, and the flag.
pub(crate) fn password_in_words(words: &[&str]) -> Option<(usize, &'static str)> {
    let mut program = "";
    for (index, word) in words.iter().enumerate() {
        let name = word.rsplit('/').next().unwrap_or(word);
        if PROGRAMS.iter().any(|(names, ..)| names.contains(&name)) {
            program = name;
            continue;
        }
        let known = PROGRAMS
            .iter()
            .filter(|(names, ..)| names.contains(&program));
        for (_, flags, form) in known {
            for flag in *flags {
                let Some(rest) = word.strip_prefix(flag) else {
                    continue;
                };
                let (at, value) = match (form, rest) {
                    (Value::Attached, rest) => (index, rest),
                    (_, "") => (index + 1, words.get(index + 1).copied().unwrap_or_default()),
                    (Value::Next, _) => continue,
                    (Value::OfUser, rest) => (index, rest.trim_start_matches('=')),
                };
                let password = match form {
                    Value::OfUser => value.split_once(':').map_or("", |(_, password)| password),
                    _ => value,
                };
                if judge("password", password).is_some() {
                    return Some((at, flag));
                }
            }
        }
    }
    None
}

/// The flag of the first password in the commands of a script.
pub(crate) fn password_in_script(script: &str) -> Option<(&'static str, Likeness)> {
    let joined = script.replace("\\\n", " ");
    let commands = joined
        .split(['\n', ';', '|'])
        .flat_map(|line| line.split("&&"));
    for command in commands {
        let words: Vec<String> = command
            .split_whitespace()
            .map(|word| word.replace(['"', '\''], ""))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some((_, flag)) = password_in_words(&words) {
            return Some((flag, Likeness::Name));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_behind_flags_that_do_not_say_so_are_found() {
        for (script, flag) in [
            ("curl -s -u admin:hunter2 https://a", "-u"),
            ("curl -uadmin:hunter2 https://a", "-u"),
            ("/usr/bin/curl https://a --user='admin:hunter2'", "--user"),
            (
                "set -e\nwait; curl \\\n  -u \"admin:hunter2\" \\\n  https://a",
                "-u",
            ),
            ("mysqladmin ping -uroot -phunter2", "-p"),
            ("sleep 1 && mysql -p'hunter2' db", "-p"),
            ("redis-cli -h cache -a hunter2 ping", "-a"),
            ("sshpass -p hunter2 ssh a", "-p"),
            ("ldapsearch -x -D cn=admin -w hunter2", "-w"),
        ] {
            let found = password_in_script(script);
            assert_eq!(found, Some((flag, Likeness::Name)), "{script}");
        }
        for script in [
            "curl -u $USER:$PASSWORD https://a",
            "curl -u \"${USER}:${PASSWORD}\" https://a",
            "curl -u \"$(cat /run/user):$(cat /run/password)\" https://a",
            "curl -u admin https://a",
            "curl -u : --negotiate https://a",
            "curl -u admin:<password> https://a",
            "docker run -u 1000:1000 a",
            "curl https://a | python -u main.py:app",
            "mysql -p",
            "mysql -p shop",
            "mysql -p$MYSQL_PASSWORD",
            "mysql -p\"$(cat /run/secrets/db)\"",
            "mkdir -p data && cp -pr a b",
            "ssh -p 2222 a",
            "redis-cli -a \"$REDIS_PASSWORD\" ping",
            "ls -a folder",
            "echo mysql; tar -pxf archive",
            "mongosh -u a -p \"$PASSWORD\"",
        ] {
            assert_eq!(password_in_script(script), None, "{script}");
        }
    }
}
