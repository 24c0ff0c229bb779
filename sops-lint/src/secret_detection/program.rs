//! Finds passwords in command lines of programs whose flags do not show that the value is a
//! password.

use std::ops::Range;

use super::arguments::without_comment;
use super::found::{FoundSecrets, range_of};
use super::judge::judge;
use super::likeness::Likeness;
use crate::rule::Confidence;

/// How a flag takes its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FlagValue {
    /// `-phunter2`; the next word is something else.
    Attached,
    /// `-a hunter2`.
    Next,
    /// `-u user:hunter2`, also attached or after `=`.
    OfUser,
    /// `-p hunter2`, also attached or after `=`, following the word `login`.
    OfLogin,
    /// `-U user%hunter2`.
    AfterPercent,
    /// `-pass pass:hunter2`.
    AfterPass,
    /// `add_user app hunter2`.
    SecondNext,
}

impl FlagValue {
    /// The password in the value of a flag; empty if it has none.
    fn password(self, value: &str) -> &str {
        let after = |sign| value.split_once(sign).map_or("", |(_, password)| password);
        match self {
            Self::OfUser => after(':'),
            Self::AfterPercent => after('%'),
            Self::AfterPass => value.strip_prefix("pass:").unwrap_or_default(),
            Self::Attached | Self::Next | Self::SecondNext | Self::OfLogin => value,
        }
    }
}

/// Programs, and the flags of each that take a password.
const PROGRAMS: &[(&[&str], &[&str], FlagValue)] = &[
    (
        &["curl"],
        &["-u", "--user", "-U", "--proxy-user"],
        FlagValue::OfUser,
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
        FlagValue::Attached,
    ),
    (&["redis-cli", "valkey-cli"], &["-a"], FlagValue::Next),
    (
        &[
            "mongo",
            "mongosh",
            "mongodump",
            "mongorestore",
            "mongoimport",
            "mongoexport",
            "sshpass",
            "cqlsh",
        ],
        &["-p"],
        FlagValue::Next,
    ),
    (
        &["zip", "unzip", "sqlcmd", "ipmitool"],
        &["-P"],
        FlagValue::Next,
    ),
    (&["openssl"], &["-k"], FlagValue::Next),
    (
        &["keytool", "jarsigner"],
        &["-storepass", "-keypass", "-srcstorepass", "-deststorepass"],
        FlagValue::Next,
    ),
    (&["ssh-keygen"], &["-N"], FlagValue::Next),
    (
        &["rabbitmqctl"],
        &["add_user", "change_password"],
        FlagValue::SecondNext,
    ),
    (
        &["openssl"],
        &["-pass", "-passin", "-passout"],
        FlagValue::AfterPass,
    ),
    (
        &["smbclient", "rpcclient"],
        &["-U"],
        FlagValue::AfterPercent,
    ),
    (
        &["http", "https", "xh"],
        &["-a", "--auth"],
        FlagValue::OfUser,
    ),
    (
        &["ldapsearch", "ldapadd", "ldapmodify", "ldapwhoami"],
        &["-w"],
        FlagValue::Next,
    ),
    (
        &[
            "docker", "podman", "buildah", "nerdctl", "skopeo", "crane", "oras", "helm", "oc", "az",
        ],
        &["-p"],
        FlagValue::OfLogin,
    ),
];

/// Programs that read a password from standard input, and the flag for that, if any.
const READERS: &[(&str, &str)] = &[
    ("docker", "login"),
    ("podman", "login"),
    ("buildah", "login"),
    ("skopeo", "login"),
    ("nerdctl", "login"),
    ("crane", "login"),
    ("oras", "login"),
    ("helm", "login"),
    ("chpasswd", ""),
    ("passwd", "--stdin"),
    ("sudo", "-S"),
    ("kinit", ""),
    ("gpg", "--passphrase-fd"),
    ("cryptsetup", ""),
    ("vault", "login"),
    ("gh", "--with-token"),
];

/// A password in the words of a command.
pub(crate) struct CommandPassword {
    /// The index of its word.
    pub(crate) word: usize,
    /// Where it is in the word, in bytes.
    pub(crate) range: Range<usize>,
    /// The flag before it.
    pub(crate) flag: &'static str,
}

/// The passwords in the words of a command.
pub(crate) fn passwords_in_words(words: &[&str]) -> Vec<CommandPassword> {
    let mut passwords = Vec::new();
    let (mut program, mut is_login) = ("", false);
    // The programs around the command substitutions that are open.
    let mut outer: Vec<(&str, bool)> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let mut word = *word;
        if let Some((_, inner)) = word.rsplit_once("$(") {
            outer.push((program, is_login));
            (program, is_login) = ("", false);
            word = inner;
        }
        let is_inner = !outer.is_empty();
        let closes = is_inner && word.contains(')');
        let name = word.rsplit('/').next().unwrap_or(word);
        if PROGRAMS.iter().any(|(names, ..)| names.contains(&name)) {
            (program, is_login) = (name, false);
            continue;
        }
        is_login |= word == "login";
        let known = PROGRAMS
            .iter()
            .filter(|(names, ..)| names.contains(&program));
        for (_, flags, form) in known {
            for flag in *flags {
                let Some(rest) = word.strip_prefix(flag) else {
                    continue;
                };
                let next = words.get(index + 1).copied().unwrap_or_default();
                let second = words.get(index + 2).copied().unwrap_or_default();
                let (at, value) = match (form, rest) {
                    (FlagValue::SecondNext, "") => (index + 2, second),
                    (FlagValue::SecondNext, _) => continue,
                    (FlagValue::OfLogin, _) if !is_login => continue,
                    (FlagValue::Attached, rest) => (index, rest),
                    (_, "") => (index + 1, next),
                    (FlagValue::Next | FlagValue::AfterPass, _) => continue,
                    (_, rest) => (index, rest.trim_start_matches('=')),
                };
                let password = form.password(value);
                let end = password.find(')').filter(|_| is_inner);
                let password = &password[..end.unwrap_or(password.len())];
                if judge("password", password).is_some() {
                    passwords.push(CommandPassword {
                        word: at,
                        // A word that is missing has no password.
                        range: range_of(password, words[at]),
                        flag,
                    });
                }
            }
        }
        if closes && let Some(around) = outer.pop() {
            (program, is_login) = around;
        }
    }
    passwords
}

/// Adds the passwords in the commands of a script.
pub(crate) fn find(script: &str, secrets: &mut FoundSecrets) {
    // A password is in another word than its program.
    if !script.trim().contains(char::is_whitespace) {
        return;
    }
    // Keep the length, so that positions stay valid.
    let joined = script.replace("\\\n", "  ");
    let lines = joined.split('\n').map(without_comment);
    let commands = lines.flat_map(|line| line.split(';'));
    for line in commands.flat_map(|line| line.split("&&")) {
        let commands: Vec<_> = line.split('|').map(words).collect();
        for (number, command) in commands.iter().enumerate() {
            let cleaned: Vec<&str> = command.iter().map(|(word, _)| word.as_str()).collect();
            for found in passwords_in_words(&cleaned) {
                let password = &cleaned[found.word][found.range];
                let range = range_of(written(password, command[found.word].1), &joined);
                secrets.add(found.flag, range, Likeness::Name(Confidence::Medium));
            }
            if let Some(range) = here_string(command, &joined) {
                secrets.add("", range, Likeness::Name(Confidence::Medium));
            }
            let reader = commands.get(number + 1);
            if let Some(range) = reader.and_then(|reader| piped(command, reader, &joined)) {
                secrets.add("", range, Likeness::Name(Confidence::Medium));
            }
        }
    }
}

/// The part of a word that is a password, as it is written; the whole word if quotes divide the
/// password.
fn written<'w>(password: &str, word: &'w str) -> &'w str {
    word.rfind(password)
        .map_or(word, |at| &word[at..at + password.len()])
}

/// The words of a command, each without quotes and as written.
fn words(command: &str) -> Vec<(String, &str)> {
    let words = command.split_whitespace();
    words
        .map(|word| (word.replace(['"', '\''], ""), word))
        .collect()
}

/// The password that `echo` writes to a program that reads one.
fn piped(
    command: &[(String, &str)],
    reader: &[(String, &str)],
    text: &str,
) -> Option<Range<usize>> {
    let written = command
        .iter()
        .position(|(word, _)| word == "echo" || word == "printf")?;
    let mut values = command[written + 1..].iter();
    let value = values.find(|(word, _)| !word.starts_with('-') && !word.starts_with('%'))?;
    read_password(value, reader, text)
}

/// The password that a program reads from `<<< hunter2`.
fn here_string(command: &[(String, &str)], text: &str) -> Option<Range<usize>> {
    let at = command.iter().position(|(word, _)| word == "<<<")?;
    read_password(command.get(at + 1)?, &command[..at], text)
}

/// The range of a word that a program reads from standard input, if it is a password.
fn read_password(
    (value, word): &(String, &str),
    reader: &[(String, &str)],
    text: &str,
) -> Option<Range<usize>> {
    let has = |name: &str| {
        let is_called = |(word, _): &(String, &str)| word.rsplit('/').next() == Some(name);
        name.is_empty() || reader.iter().any(is_called)
    };
    let is_reader = READERS
        .iter()
        .any(|(program, flag)| has(program) && has(flag));
    let password = value
        .rsplit_once(':')
        .map_or(value.as_str(), |(_, password)| password);
    let is_secret = is_reader && judge("password", password).is_some();
    is_secret.then(|| range_of(written(password, word), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(script: &str) -> Vec<String> {
        let mut secrets = FoundSecrets::default();
        find(script, &mut secrets);
        secrets
            .into_vec()
            .into_iter()
            .map(|secret| secret.name)
            .collect()
    }

    #[test]
    fn only_the_password_is_marked() {
        for (script, password) in [
            ("curl -u admin:hunter2 https://a", "hunter2"),
            ("curl --user='admin:hunter2' https://a", "hunter2"),
            ("curl -u \\\n  \"hunter2:hunter2\" https://a", "hunter2"),
            ("mysql -uroot -phunter2 db", "hunter2"),
            ("mysql -p'hunter2' db", "hunter2"),
            ("mysql -p'hun'ter2 db", "-p'hun'ter2"),
            ("openssl rsa -passin pass:hunter2 -in a", "hunter2"),
            ("rabbitmqctl add_user app 'hunter2'", "hunter2"),
            ("echo root:hunter2 | chpasswd", "hunter2"),
            ("kinit app <<< 'hunter2'", "hunter2"),
        ] {
            let mut secrets = FoundSecrets::default();
            find(script, &mut secrets);
            let secrets = secrets.into_vec();
            let [secret] = &secrets[..] else {
                panic!("{script}: {secrets:?}");
            };
            assert_eq!(&script[secret.range.clone()], password, "{script}");
            assert!(
                script[secret.range.end..].find("hunter2").is_none(),
                "{script}"
            );
        }
    }

    #[test]
    fn passwords_on_standard_input_are_found() {
        for script in [
            "echo hunter2 | docker login -u a --password-stdin",
            "echo -n 'hunter2' | helm registry login -u a --password-stdin r",
            "printf '%s' hunter2 | podman login r",
            "echo root:hunter2 | chpasswd",
            "echo hunter2 | sudo -S apt-get update",
            "kinit app <<< 'hunter2'",
        ] {
            assert_eq!(flags(script), [""], "{script}");
        }
        for script in [
            "echo $PASSWORD | docker login -u a --password-stdin",
            "echo \"$(cat /run/secrets/a)\" | docker login --password-stdin",
            "echo hunter2 | sudo tee /etc/motd",
            "echo hunter2 | grep login",
            "cat password | docker login --password-stdin",
            "kinit app <<< \"$PASSWORD\"",
            "cat <<< hunter2",
        ] {
            assert_eq!(flags(script), [""; 0], "{script}");
        }
    }

    #[test]
    fn passwords_after_unobvious_flags_are_found() {
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
            ("docker login -u a -p Xk9vTq2mLpzR7w r.example.com", "-p"),
            ("docker login r.example.com -u a -p=hunter2", "-p"),
            ("helm registry login r.example.com -u a -p 'hunter2'", "-p"),
            ("sudo podman login -uann -phunter2", "-p"),
            ("zip -P hunter2 a.zip b", "-P"),
            ("keytool -import -storepass hunter2 -file a", "-storepass"),
            ("rabbitmqctl add_user app hunter2", "add_user"),
            ("openssl enc -aes-256-cbc -k hunter2 -in a", "-k"),
            ("openssl rsa -passin pass:hunter2 -in a", "-passin"),
            ("smbclient -U 'app%hunter2' //nas/share", "-U"),
            ("http -a app:hunter2 https://a", "-a"),
        ] {
            assert_eq!(flags(script), [flag], "{script}");
        }
        for script in [
            "curl -u $USER:$PASSWORD https://a",
            "# curl -u admin:hunter2 https://a",
            "curl https://a # -u admin:hunter2",
            "curl -u \"${USER}:${PASSWORD}\" https://a",
            "curl -u \"$(cat /run/user):$(cat /run/password)\" https://a",
            "curl -u admin https://a",
            "curl -u : --negotiate https://a",
            "curl -u admin:<password> https://a",
            "docker run -u 1000:1000 a",
            "curl https://a | python -u main.py:app",
            "docker run -p 8080:80 nginx",
            "docker run -p hunter2 login",
            "docker login -u a -p \"$TOKEN\"",
            "docker login -u a -p $(cat /run/token)",
            "docker login && mkdir -p hunter2",
            "az group create -n login2 -p abc",
            "mysql -p",
            "mysql -p shop",
            "mysql -p$MYSQL_PASSWORD",
            "mysql -p\"$(cat /run/secrets/db)\"",
            "mkdir -p data && cp -pr a b",
            "ssh -p 2222 a",
            "redis-cli -a \"$REDIS_PASSWORD\" ping",
            "ls -a directory",
            "echo mysql; tar -pxf archive",
            "mongosh -u a -p \"$PASSWORD\"",
            "zip -P \"$PASSWORD\" a.zip b",
            "rabbitmqctl add_user app $PASSWORD",
            "ssh-keygen -N '' -f a",
            "openssl enc -pass env:PASSWORD -in a",
            "openssl rsa -passin file:/run/secrets/a -in a",
            "openssl req -key a.pem -keyout b.pem",
            "smbclient -U app //nas/share",
            "http -a \"$USER:$PASSWORD\" https://a",
            "curl -k https://a",
        ] {
            assert_eq!(flags(script), [""; 0], "{script}");
        }
    }
}
