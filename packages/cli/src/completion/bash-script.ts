/**
 * For bash, where the library's script evaluates what was typed, declares read-only variables (a second command's script then
 * fails), offers no file names and needs the package bash-completion.
 */
export function bashScript(command: string): string {
  const name = `_${command}_complete`;
  return `# bash completion for ${command}
${name}() {
    local cur="\${COMP_WORDS[COMP_CWORD]}" prev words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD line directive=0
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n "=:" cur prev words cword
    fi
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :[0-9]*) directive=\${line#:} ;;
            ?*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
        esac
    done < <("${command}" complete -- "\${words[@]:1:cword}" 2>/dev/null)
    if ((directive & 2)); then compopt -o nospace; fi
    if ((directive & 4)); then compopt +o default; fi
    if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -o default -F ${name} ${command}
`;
}
