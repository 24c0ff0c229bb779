// Decrypts a directory in place, as Flux does before it builds the directory: the files that its
// kustomization.yaml names, and the objects of the files in its directory `objects`. The package is
// internal to kustomize-controller, so only a test of that program can call it.
package decryptor

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/provider"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
)

func TestDecrypt(t *testing.T) {
	root := os.Getenv("FLUX_ROOT")
	identity := os.Getenv("FLUX_AGE_IDENTITY")
	if root == "" || identity == "" {
		t.Skip("FLUX_ROOT and FLUX_AGE_IDENTITY are not set")
	}
	kustomization := &kustomizev1.Kustomization{}
	kustomization.Spec.Decryption = &kustomizev1.Decryption{Provider: DecryptionProviderSOPS}
	decryptor, cleanup, err := New(nil, kustomization, WithRoot(root))
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	if err := decryptor.ageIdentities.Import(identity); err != nil {
		t.Fatal(err)
	}
	// Flux does not check the MAC. This test does, so that a wrong one is noticed.
	decryptor.checkSopsMac = true
	if err := decryptor.DecryptSources(root); err != nil {
		t.Fatal(err)
	}
	decryptor.checkSopsMac = false
	files, err := filepath.Glob(filepath.Join(root, "objects", "*"))
	if err != nil {
		t.Fatal(err)
	}
	factory := provider.NewDefaultDepProvider().GetResourceFactory()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		object, err := factory.FromBytes(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		decrypted, err := decryptor.DecryptResource(object)
		if err != nil || decrypted == nil {
			t.Fatalf("%s: %v", file, err)
		}
		plaintext, err := decrypted.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, plaintext, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
