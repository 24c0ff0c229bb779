//! Templates, of Helm and other programs, that contain a Secret.

use super::secret::{BASE64, HEAD, VALUE, plain};

/// Templates that contain the value literally.
pub(super) fn templates() -> Vec<(&'static str, String)> {
    vec![
        (
            "helm-branches",
            format!(
                "{HEAD}{{{{- if .Values.a }}}}\nstringData:\n  password: {VALUE}\n{{{{- else }}}}\nstringData:\n  password: {{{{ .Values.b }}}}\n{{{{- end }}}}\n"
            ),
        ),
        (
            "helm-name",
            plain().replace(
                "name: am",
                "name: {{ include \"chart.name\" . }}-{{ .Release.Name }}",
            ),
        ),
        (
            "helm-labels",
            plain().replace(
                "  name: am\n",
                "  name: am\n  labels:\n    {{- include \"chart.labels\" . | nindent 4 }}\n",
            ),
        ),
        (
            "helm-base64",
            format!("{HEAD}data:\n  password: {BASE64}\n  user: {{{{ .Values.user | b64enc }}}}\n"),
        ),
        (
            "jinja-loop",
            format!(
                "{{% for a in b %}}\n{HEAD}stringData:\n  password: {VALUE}\n  user: {{{{ a }}}}\n{{% endfor %}}\n"
            ),
        ),
        (
            "helm-range",
            format!(
                "{{{{- range .Values.names }}}}\n---\n{HEAD}stringData:\n  name: {{{{ . }}}}\n  password: {VALUE}\n{{{{- end }}}}\n"
            ),
        ),
        (
            "literal-in-an-action",
            format!("{HEAD}data:\n  password: {{{{ \"{VALUE}\" | b64enc }}}}\n"),
        ),
        (
            "literal-in-a-quoted-action",
            format!("{HEAD}data:\n  password: '{{{{ \"{VALUE}\" | b64enc }}}}'\n"),
        ),
        (
            "literal-as-a-default",
            format!(
                "{HEAD}stringData:\n  password: {{{{ .Values.pw | default \"{VALUE}\" | quote }}}}\n"
            ),
        ),
        (
            "literal-in-a-variable",
            format!(
                "{{{{- $password := \"{VALUE}\" }}}}\n{HEAD}stringData:\n  password: {{{{ $password }}}}\n"
            ),
        ),
    ]
}
