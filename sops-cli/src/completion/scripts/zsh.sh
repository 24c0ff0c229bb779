#compdef PROGRAM
# Completion of PROGRAM for zsh. To load it: source <(PROGRAM completion zsh)

_PROGRAM_complete() {
    local -a answer values shown
    local line
    answer=("${(@f)$(command ${~${(Q)words[1]}} __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in "${(@)answer[2,-1]}"; do
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  -- }")
    done
    (( $#values )) && compadd -l -V PROGRAM -d shown -a values
    [[ ${answer[1]} == files ]] && _files
}

if [[ ${funcstack[1]} == _PROGRAM ]]; then
    _PROGRAM_complete "$@"
else
    compdef _PROGRAM_complete PROGRAM
fi
