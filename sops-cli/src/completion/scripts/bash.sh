# Completion of PROGRAM for bash. To load it: source <(PROGRAM completion bash)

_PROGRAM_complete() {
    local program=${COMP_WORDS[0]/#\~/$HOME} kind candidate
    COMPREPLY=()
    # The program reads the line itself, since bash splits words at `=`, `:` and quotes.
    {
        IFS= read -r kind || return
        while IFS= read -r candidate; do
            COMPREPLY+=("$candidate")
        done
    } < <(command "$program" __complete bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    if [[ $kind != files ]] && type compopt &>/dev/null; then
        compopt +o default +o bashdefault
    fi
}

complete -o nosort -o bashdefault -o default -F _PROGRAM_complete PROGRAM 2>/dev/null ||
    complete -o bashdefault -o default -F _PROGRAM_complete PROGRAM
