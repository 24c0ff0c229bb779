//! Keys of Huawei Cloud KMS: this program and the real `sops` with the stand-in for the service.

use std::path::{Path, PathBuf};

use sops_test_support::environment::{Run, TestEnvironment, program};
use sops_test_support::server::HckmsServer;
use sops_test_support::server::hckms::{ACCESS, KEY, PROJECT, SECRET};

const TEXT: &str = "a: hunter2\nb:\n    - 1\n";

const PROGRAMS: [&str; 2] = ["sops-rs", "sops"];

/// Runs `sops-rs` or `sops`.
fn run(environment: &TestEnvironment, server: &HckmsServer, name: &str, words: &[&str]) -> Run {
    let file: PathBuf = match name {
        "sops" => Path::new("sops").to_owned(),
        _ => program(),
    };
    let mut command = environment.command_of(&file, words);
    command
        .env("HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1", server.http.url())
        .env("HUAWEICLOUD_SDK_AK", ACCESS)
        .env("HUAWEICLOUD_SDK_SK", SECRET)
        .env("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT);
    environment.finish(command).keeps(&[SECRET])
}

#[test]
fn each_program_decrypts_what_the_other_encrypts() {
    let server = HckmsServer::start();
    let environment = TestEnvironment::new();
    let key = format!("tr-west-1:{KEY}");
    for writer in PROGRAMS {
        environment.write("x.yaml", TEXT);
        let words = ["encrypt", "-i", "--hckms", &key, "x.yaml"];
        run(&environment, &server, writer, &words).succeeds();
        for changer in PROGRAMS {
            run(&environment, &server, changer, &["rotate", "-i", "x.yaml"]).succeeds();
            for reader in PROGRAMS {
                let run = run(&environment, &server, reader, &["decrypt", "x.yaml"]).succeeds();
                assert_eq!(run.stdout, TEXT, "{writer} {changer} {reader}");
            }
        }
    }
}
