# Turns the subset of #cloud-config that the tiny guest knows into a shell script:
#   hostname: NAME
#   runcmd:       items that are one plain or quoted string each
#   write_files:  path, permissions, and content as one line or as a block ("|")
# Everything else is ignored. This is not a YAML parser: items are indented as cloud-init's examples are.
function unquote(text) {
    sub(/^[ \t]+/, "", text)
    sub(/[ \t]+$/, "", text)
    if (text ~ /^".*"$/) {
        text = substr(text, 2, length(text) - 2)
        gsub(/\\"/, "\"", text)
    } else if (text ~ /^'.*'$/) {
        text = substr(text, 2, length(text) - 2)
        gsub(/''/, "'", text)
    }
    return text
}
function quote(text) {
    gsub(/'/, "'\\''", text)
    return "'" text "'"
}
function indent_of(line) {
    match(line, /^ */)
    return RLENGTH
}
function flush_file() {
    if (path != "") {
        print "mkdir -p \"$(dirname " quote(path) ")\""
        print "printf '%s' " quote(content) " >" quote(path)
        if (permissions != "") print "chmod " quote(permissions) " " quote(path)
    }
    path = content = permissions = ""
    in_block = 0
}
{
    sub(/\r$/, "")
    if (in_block) {
        if ($0 ~ /^ *$/) {
            content = content "\n"
            next
        }
        if (block_indent < 0) block_indent = indent_of($0)
        if (indent_of($0) >= block_indent && block_indent > key_indent) {
            content = content substr($0, block_indent + 1) "\n"
            next
        }
        in_block = 0
    }
}
/^ *#/ || /^ *$/ { next }
/^[a-zA-Z_]+:/ {
    flush_file()
    section = $0
    sub(/:.*/, "", section)
    if (section == "hostname") {
        value = $0
        sub(/^[^:]*:/, "", value)
        print "hostname " quote(unquote(value))
    }
    next
}
section == "runcmd" && /^ *- / {
    item = $0
    sub(/^ *- +/, "", item)
    if (item ~ /^\[/) print "echo 'runcmd: lists are not supported here: write the command as one string'"
    else print unquote(item)
    next
}
section == "write_files" {
    line = $0
    if (line ~ /^ *- /) {
        flush_file()
        sub(/-/, " ", line)
    }
    key_indent = indent_of(line)
    key = value = line
    sub(/^ */, "", key)
    sub(/:.*/, "", key)
    sub(/^[^:]*: */, "", value)
    if (key == "path") path = unquote(value)
    else if (key == "permissions") permissions = unquote(value)
    else if (key == "content") {
        if (value ~ /^\|/) {
            in_block = 1
            block_indent = -1
        } else content = unquote(value)
    }
}
END { flush_file() }
