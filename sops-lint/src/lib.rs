//! Finds secrets that leak in Kubernetes manifests and in repositories with files of SOPS.
