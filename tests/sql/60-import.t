#!/bin/bash
# 60-import.t - the inventory: what is refused, what is compared, what is kept.
. ./lib.sh

inv="test.inventory('mail', 1)"
imp() {
	echo "select fleet.import($1)"
}
# what a change of the inventory is told as
told() {
	echo "select string_agg((x->>'what') || ' ' || (x->>'text'), '; ') from
		jsonb_array_elements(fleet.import($1)->'changes') x"
}

# refused, each with nothing taken
bad() {
	refused "$1" RD004 "$2" "$(imp "$3")"
}
bad "not an object" 'no inventory' "'[]'"
bad "an unknown key" 'key "backend" is not known' "$inv || '{\"backend\": 1}'"
bad "no fleet name" 'fleet name \(none\)' "$inv - 'fleet'"
for name in 'A' '-o' '' 'a b' 'a;rm' 'a$(x)' 'ä' 'a/b' '../x' "$(printf 'a%.0s' {1..64})"; do
	bad "fleet name '$name'" 'not usable' "jsonb_set($inv, '{fleet}', to_jsonb('$name'::text))"
done
bad "backend name with a newline" 'not usable' "jsonb_set($inv, '{backends,0,name}', to_jsonb(E'm\n1'::text))"
bad "backend name like an option" 'not usable' "jsonb_set($inv, '{backends,0,name}', '\"-oProxyCommand=x\"')"
bad "member name" 'not usable' "jsonb_set($inv, '{groups,director,members,0,name}', '\"Dir\"')"
bad "group called backend" 'cannot be called' "jsonb_set($inv, '{groups,backend}', '{\"members\": []}')"
bad "a backend twice" 'mail2 is listed twice' "jsonb_set($inv, '{backends,0,name}', '\"mail2\"')"
bad "an address twice" '10.1.0.2 is listed twice' "jsonb_set($inv, '{backends,0,address}', '\"10.1.0.2\"')"
bad "an address with a mask" 'without a mask' "jsonb_set($inv, '{backends,0,address}', '\"10.1.0.0/24\"')"
bad "a host name for an address" 'not usable' "jsonb_set($inv, '{backends,0,address}', '\"mail1.example.net\"')"
bad "no address" 'not usable' "$inv #- '{backends,0,address}'"
bad "no backends" 'of 0 backends' "jsonb_set($inv, '{backends}', '[]')"
bad "one backend" 'of 1 backend ' "test.inventory('mail', 1, 1)"
bad "min_up nonsense" 'not understood' "jsonb_set($inv, '{min_up}', '\"most\"')"
bad "min_up of all" 'lets none be taken' "jsonb_set($inv, '{min_up}', '\"3\"')"
bad "min_up 99%" 'lets none be taken' "jsonb_set($inv, '{min_up}', '\"99%\"')"
bad "time zone" 'not known' "jsonb_set($inv, '{timezone}', '\"Mars/Olympus\"')"
bad "service without a meaning" 'in service' "$inv #- '{service,in}'"
for w in 'Tue 1-5' 'Foo 01:00-05:00' 'Tue 25:00-26:00' 'Tue-Thu 01:00 - 05:00' '01:00-05:00'; do
	bad "window '$w'" 'not understood' "jsonb_set($inv, '{windows}', '[\"$w\"]')"
done
is "nothing of all that was taken" '0|0|0' \
	"select (select count(*) from fleet.fleet), (select count(*) from fleet.host), (select count(*) from fleet.backend)"

# taken, compared, exported
like "a dry run says it" 'add fleet mail; add backend mail1 10.1.0.1; .*add group director' "$(told "$inv, dry_run => true")"
is "and takes nothing" 0 "select count(*) from fleet.host"
like "import" 'add backend mail3 10.1.0.3' "$(told "$inv")"
is "the same again is no change" '' "$(told "$inv")"
is "export is what import takes" '' "$(told "fleet.export('mail')")"
rev=$(q "select revision from fleet.fleet")
do_ "$(imp "fleet.export('mail')")"
is "and the revision stays" "$rev" "select revision from fleet.fleet"
is "a change of a label" 'change backend mail1 labels {"rack": "a"} -> {"rack": "b"}' \
	"$(told "jsonb_set($inv, '{backends,0,labels,rack}', '\"b\"')")"
is "raises it" $((rev + 1)) "select revision from fleet.fleet"
is "windows" 'change windows [] -> ["Tue-Thu 01:00-05:00", "Sat,Sun 23:00-05:00"]' \
	"$(told "jsonb_set(fleet.export('mail'), '{windows}', '[\"Tue-Thu 01:00-05:00\", \"Sat,Sun 23:00-05:00\"]')")"
is "min_up" 'change min_up all but 1 -> 50%' "$(told "jsonb_set(fleet.export('mail'), '{min_up}', '\"50%\"')")"
is "50 % of three is two, rounded up" 2 "select must_stay_up from fleet.fleet"
like "the event says what" 'change min_up all but 1 -> 50%' "select message from fleet.event order by seq desc limit 1"
is "an interlock" 'change interlock mail -> platform' "$(told "jsonb_set(fleet.export('mail'), '{interlock}', '\"platform\"')")"
is "a group's rules" 'change rules of group director' "$(told "jsonb_set(fleet.export('mail'), '{groups,director,min_gap_ms}', '2000')")"
is "an address" 'change host mail1 drydock@10.1.0.1:22 -> drydock@10.1.0.11:22' "$(told "jsonb_set(fleet.export('mail'), '{backends,0,address}', '\"10.1.0.11\"')")"
is "export follows" '10.1.0.11|platform|50%' "select e->'backends'->0->>'address', e->>'interlock', e->>'min_up' from fleet.export('mail') e"

# never deletes without prune
two="fleet.export('mail') #- '{backends,2}' #- '{groups,director,members,1}'"
is "not listed: stays" 'keep backend mail3 is not listed and stays; keep member mail-dir2 of director is not listed and stays' "$(told "$two")"
is "they are there" '3|2' "select count(*) filter (where roles = 'backend'), count(*) filter (where roles = 'director') from fleet.host"
is "with prune: removed" 'remove backend mail3; remove member mail-dir2 of director' "$(told "$two, true")"
is "they are gone" 'mail1,mail2' "select string_agg(backend, ',' order by position) from fleet.backend"
like "and may come back" 'add backend mail3' "$(told "jsonb_set($inv, '{min_up}', '\"all but 1\"')")"

# several fleets
is "a member may serve several fleets" 'dir' "select 'dir' from fleet.import(jsonb_set(test.inventory('web', 2), '{groups,director,members}', '[{\"name\": \"mail-dir1\", \"address\": \"10.1.1.1\"}]'))"
is "it says so" '{mail,web}' "select fleets from fleet.host where host = 'mail-dir1'"
bad "but they must agree on it" 'host mail-dir1 is 10.1.1.1 port 22 as drydock for fleet web' \
	"jsonb_set($inv, '{groups,director,members,0,address}', '\"10.1.1.9\"')"
bad "a backend is in one fleet" 'web1 is a backend of fleet web' "jsonb_set($inv, '{backends,0}', '{\"name\": \"web1\", \"address\": \"10.2.0.1\"}')"
bad "an address has one name" 'has the address of host web1' "jsonb_set($inv, '{backends,0,address}', '\"10.2.0.1\"')"

# while a rollout runs
do_ "select fleet_internal.hello('ops1', '00000000-0000-0000-0000-0000000000c1', p_schema => (fleet.version()->>'schema')::int)"
do_ "select fleet_internal.take(1, '00000000-0000-0000-0000-0000000000c1', fleet_id, 0) from fleet_internal.fleet where name = 'mail'"
do_ "select fleet.start(test.plan('mail'))"
running() {
	refused "while it runs: $1" RD002 "while rollout 1 runs.*$2.*fleet.abort" "$(imp "$3")"
}
running service 'in service' "jsonb_set(fleet.export('mail'), '{service,in}', '\"state == down\"')"
running min_up 'min_up' "jsonb_set(fleet.export('mail'), '{min_up}', '\"1\"')"
running "an address" 'host mail1' "jsonb_set(fleet.export('mail'), '{backends,0,address}', '\"10.1.0.99\"')"
running "removal" 'remove|backend mail2' "fleet.export('mail') #- '{backends,1}', true"
running "a group" 'group director' "jsonb_set(fleet.export('mail'), '{groups,director,confirm_ms}', '1')"
like "windows may" 'change windows' "$(told "jsonb_set(fleet.export('mail'), '{windows}', '[\"Mon 01:00-05:00\"]')")"

# keys, content, procedures, requests
key="ssh-ed25519 $(printf 'A%.0s' {1..68})"
like "pin" '"before": \[\]' "select fleet.pin('mail1', array['$key root@mail1'])"
is "without the comment" "{\"$key\"}" "select keys from fleet.host where host = 'mail1'"
for k in "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ" "ssh-ed25519 AAAA" "@revoked $key" "|1|hash= $key" "$key
$key"; do
	refused "not a key to pin: ${k:0:16}" RD004 'cannot be pinned' "select fleet.pin('mail1', array['$k'])"
done
refused "no such host" RD001 'there is no host' "select fleet.pin('x', '{}')"
is "content" "$(printf abc | sha256sum | cut -d' ' -f1)" "select fleet.put_content('abc')"
do_ "select fleet.put_content('abc')"
is "twice is once" 1 "select count(*) from fleet_internal.content"
refused "no procedure line" RD004 'procedure lint' "select fleet.add_procedure('phases: []')"
is "procedure" 'p-1|true' "select x->>'procedure', x->>'new' from fleet.add_procedure(E'# c\nprocedure: p-1   # the name\n') x"
is "twice" 'false' "select x->>'new' from fleet.add_procedure(E'# c\nprocedure: p-1   # the name\n') x"
refused "an unknown procedure" RD001 'Known: ' "select fleet.plan('mail', 'nope')"
like "by the beginning of its checksum" '^[0-9]+$' "select fleet.plan('mail', 'p-1@' || left(sha256, 8)) from fleet.procedure where procedure = 'p-1'"
refused "an unknown kind" RD004 'cannot be asked' "select fleet.request('shell', 'mail')"
refused "an unknown fleet" RD001 'Known: mail, web' "select fleet.request('check', 'nope')"
like "a scan needs no fleet" '^[0-9]+$' "select fleet.request('scan', null, '{\"host\": \"mail1\"}')"
