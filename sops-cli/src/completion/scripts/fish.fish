# Completion of PROGRAM for fish. To load it: PROGRAM completion fish | source

function __PROGRAM_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (command $words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
    string join \n -- $answer[2..-1]
    if test "$answer[1]" = files
        __fish_complete_path $current
    end
end

complete -c PROGRAM -f -k -a '(__PROGRAM_complete)'
