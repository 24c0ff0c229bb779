#!/usr/bin/env node
// Starts PROGRAM from the package for this platform, and ends as it does.
"use strict";
const { spawnSync } = require("node:child_process");

let program;
try {
  program = require.resolve(`sops-rs-${process.platform}-${process.arch}/bin/PROGRAM`);
} catch {
  console.error(
    `error: the npm package sops-rs has no program for ${process.platform} on ${process.arch}, or was installed without optional dependencies`,
  );
  process.exit(1);
}
// The terminal sends its signals to the program too, which decides what they do.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(signal, () => {});
const result = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
if (result.error) {
  console.error(`error: ${program}: ${result.error.message}`);
  process.exit(1);
}
if (result.signal) {
  process.removeAllListeners(result.signal);
  process.kill(process.pid, result.signal);
} else {
  process.exit(result.status);
}
