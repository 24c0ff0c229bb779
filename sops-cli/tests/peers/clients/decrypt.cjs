// Prints what `sops-age` reads in each of the named files, one line of JSON for each.
const { decryptSops } = require("sops-age");

(async () => {
  for (const path of process.argv.slice(2)) {
    console.log(JSON.stringify(await decryptSops({ path })));
  }
})();
