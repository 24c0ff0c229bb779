// Decrypts an age file with the private key that filippo.io/age derives from a seed, as it does in
// its own tests, and prints the plaintext in hexadecimal. It is built in a copy of that module,
// because only that module can use the key.
package tag_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"filippo.io/age/tag/internal/tagtest"
)

func TestDecryptFile(t *testing.T) {
	file, err := os.Open(os.Getenv("AGE_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := age.Decrypt(
		armor.NewReader(file),
		tagtest.NewClassicIdentity("test"),
		tagtest.NewHybridIdentity("test"),
	)
	if err != nil {
		t.Fatal(err)
	}
	plaintext, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(hex.EncodeToString(plaintext))
}
