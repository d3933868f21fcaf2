# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# lab run: boots a kernel in QEMU with the module, runs a job, judges.

run_usage() {
	cat <<'END'
Usage: lab run [OPTIONS] JOB [ARGUMENTS...]

Boots a stock Debian kernel in QEMU (or User-Mode Linux with KASAN: --kernel
uml) with the module freshly built, runs the job (the name of a file in tools/lab/jobs, or the path of a shell script) with
its arguments, and exits with the job's status. A splat in the kernel's log, a
module that does not unload, a crash and a hang are failures too.

  --kernel KERNEL      which kernel (see lab kernel --help)
  --root FOLDER        the Debian in which a job with "# root: debian" runs (see
                       lab root --help; a fresh one if not given); its newest
                       kernel boots, or the one that --kernel names, and vmzone
                       is what is installed there
  --data FOLDER        a folder that the job finds, read-only, in /data
  --out FOLDER         where to put the files that the job leaves in $OUT,
                       and the logs
  --program PROGRAM    one more program for the job
  --file FILE          one more file for the job's working folder
  --modules "NAME..."  more modules of the kernel
  --parameters "P=V.." parameters for vmzone.ko
  --memory MIB         the guest's memory
  --cpus N             the guest's processors (2)
  --timeout SECONDS    when a run counts as hung
  --append WORDS       more words for the kernel's command line
  --icount             one processor whose clock counts instructions, a
                       nanosecond each: what takes time repeats

What a job needs stands in its head; tools/lab/README.md describes that.
END
}

# job_runs JOB: the other jobs that it runs, as files
job_runs() {
	local name
	for name in $(sed -n 's/^# runs: *//p' "$1"); do
		echo "$LAB/jobs/$name.job"
	done
}

# job_needs JOB KEY [DEFAULT]: the words after "# KEY:" in the job's head; what
# has to be there is needed for the jobs that it runs, too
job_needs() {
	local heads=("$1") words
	case $2 in
	programs | files | modules | scratch) mapfile -t -O 1 heads < <(job_runs "$1") ;;
	esac
	words=$(sed -n "s/^# $2: *//p" "${heads[@]}" | tr '\n' ' ' | sed 's/ *$//')
	echo "${words:-${3-}}"
}

# run_parse: options to variables, the rest to JOB and ARGUMENTS
run_parse() {
	kernel= root= data= out= programs=() files=() modules= parameters= memory= cpus=2 timeout= append= icount=
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) kernel=${2:?} ;;
		--root) root=${2:?} ;;
		--data) data=${2:?} ;;
		--out) out=${2:?} ;;
		--program) programs+=("${2:?}") ;;
		--file) files+=("${2:?}") ;;
		--modules) modules+=" ${2:?}" ;;
		--parameters) parameters+=" ${2:?}" ;;
		--memory) memory=${2:?} ;;
		--cpus) cpus=${2:?} ;;
		--timeout) timeout=${2:?} ;;
		--append) append+=" ${2:?}" ;;
		--icount) icount=yes; shift; continue ;;
		-h | --help) run_usage; exit 0 ;;
		-*) die "run: unknown option '$1'; see lab run --help." ;;
		*) break ;;
		esac
		shift 2
	done
	[ $# -gt 0 ] || die "run: which job? $(cd "$LAB/jobs" && echo *.job | sed 's/\.job//g') or the path of one."
	JOB=$1
	shift
	ARGUMENTS=("$@")
	[ -f "$JOB" ] || JOB=$LAB/jobs/${JOB%.job}.job
	[ -f "$JOB" ] || die "run: there is no job '$JOB'."
	[ -z "$data" ] || [ -d "$data" ] || die "run: '$data' is not a folder."
	[ -z "$root" ] || [ -d "$root/lib/modules" ] || die "run: '$root' is no Debian with a kernel."
	[ -z "$root" ] || [ -n "$(job_needs "$JOB" root)" ] || die "run: $(basename "$JOB") does not ask for a root."
}

# run_select: the kernel, and MODULE for it; in a Debian root both are installed
run_select() {
	local variant
	MODULE=
	if [ -z "$(job_needs "$JOB" root)" ]; then
		kernel_select "${kernel:-host}"
		# The name of a build of its own, and what goes to the kernel's make for it.
		read -r -a variant <<<"$(job_needs "$JOB" module)"
		MODULE=$(module_build "$KDIR" "$RELEASE${variant[*]:+-${variant[0]}}" "${variant[@]:1}")
		return
	fi
	if [ -z "$root" ]; then
		root=$work/root
		"$LAB/lab" root "$root" >/dev/null
	fi
	root_select "$root" "$kernel"
}

# run_files FOLDER: the initramfs as a folder
run_files() {
	local folder=$1 word screen= others=()
	# A job that is watched sees a terminal of the same size.
	if [ -t 1 ] && screen=$(stty size 2>/dev/null </dev/tty); then
		screen="export LINES=${screen% *} COLUMNS=${screen#* }"
	fi
	mkdir -p "$folder"/{bin,dev,lab/bin,lab/files,out,run}
	cp -L "$(command -v busybox)" "$folder/bin/busybox"
	cp "$LAB/guest/init" "$folder/init"
	cp "$work/splats" "$folder/lab/splats"
	cp "$JOB" "$folder/lab/job"
	[ -z "$MODULE" ] || cp "$MODULE" "$folder/lab/vmzone.ko"
	(
		cd "$TOP"
		# Words of the head are paths from the top of the clone, patterns
		# welcome, or commands.
		for word in $(job_needs "$JOB" programs) "${programs[@]}"; do
			image_program "$folder" "$word"
		done
		for word in $(job_needs "$JOB" files) "${files[@]}"; do
			cp -RL "$word" "$folder/lab/files/" || die "the job needs '$word', which is not here."
		done
		for word in $(job_runs "$JOB"); do
			cp "$word" "$folder/lab/files/"
		done
	)
	# What glibc loads by itself when a thread is cancelled.
	image_library "$folder" "/lib/$(gcc -print-multiarch)/libgcc_s.so.1"
	# Modules of the clone that are not vmzone.
	for word in $(job_needs "$JOB" build); do
		others+=("$(module_build_other "$KDIR" "$RELEASE" "$word")")
	done
	# shellcheck disable=SC2046,SC2086 # lists of names
	image_modules "$folder" "$ROOT" "$RELEASE" $DISK_MODULES \
		$([ -z "$MODULE" ] || modinfo -F depends "$MODULE" "${others[@]}" | tr , ' ') $(job_needs "$JOB" modules) $modules
	for word in "${others[@]}"; do
		cp "$word" "$folder/lab/modules/"
		echo "/lab/modules/$(basename "$word")" >>"$folder/lab/insmod"
	done
	cat >"$folder/lab/settings" <<-END
		TOKEN=$TOKEN
		JOB_TTY=$JOB_TTY
		$(run_disk_names)
		MANUAL='$(job_needs "$JOB" vmzone)$(job_needs "$JOB" root)'
		PARAMETERS='$(job_needs "$JOB" parameters)$parameters'
		$screen
		set --$([ ${#ARGUMENTS[@]} -eq 0 ] || printf ' %q' "${ARGUMENTS[@]}")
	END
}

# run_disks: makes the images, and DISKS, their names in the guest's order
run_disks() {
	local scratch
	DISKS=(out)
	truncate -s 256M "$work/out.disk"
	if [ -n "$data" ]; then
		image_disk "$work/data.disk" "$data"
		DISKS+=(data)
	fi
	if [ -n "$root" ]; then
		image_disk "$work/root.disk" "$root" 256
		DISKS+=(root)
	fi
	scratch=$(job_needs "$JOB" scratch)
	if [ -n "$scratch" ]; then
		truncate -s "${scratch}M" "$work/scratch.disk"
		DISKS+=(scratch)
	fi
}

# run_disk_names: DISK_out=/dev/vda and so on
run_disk_names() {
	local disk letter=a
	for disk in "${DISKS[@]}"; do
		echo "DISK_$disk=$DISK_PREFIX$letter"
		letter=$(tr a-y b-z <<<"$letter")
	done
}

# run_boot: QEMU, its output to ours; status 124 for a hang. Debian 12's QEMU
# leaves garbage in the flags register after cmpxchg16b, on which 6.12 crashes
# in every second boot or so; without cx16 kernels do it another way. Kernels do
# not trust an emulated TSC, though it is the host's, and would read the HPET
# instead: that takes microseconds, one processor at a time.
run_boot() {
	local machine=(-accel tcg,thread=multi -cpu max,-cx16 -smp "$cpus")
	if [ -n "$icount" ]; then
		# Without erms and fsrm, as each byte of rep stosb counts as an instruction.
		machine=(
			-accel tcg,thread=single -cpu max,-cx16,-erms,-fsrm -smp 1
			-icount shift=0,sleep=off -seed 1 -rtc base=2024-01-01,clock=vm
		)
		append+=" nokaslr norandmaps"
	fi
	local options=(
		"${machine[@]}" -m "$memory"
		-nodefaults -no-user-config -no-reboot -display none -monitor none
		-kernel "$IMAGE" -initrd "$work/initramfs"
		-append "console=ttyS0 loglevel=5 panic=-1 oops=panic watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 log_buf_len=4M tsc=reliable$append"
		-serial "file:$work/console.log" -serial stdio
	)
	local disk
	for disk in "${DISKS[@]}"; do
		options+=(-drive "file=$work/$disk.disk,format=raw,if=virtio,cache=unsafe")
	done
	timeout --foreground --kill-after=5 "$timeout" \
		qemu-system-x86_64 "${options[@]}" </dev/null | tee "$work/job.log"
}

# run_judge STATUS: what came of it; prints nothing when all is well
run_judge() {
	local boot=$1 status
	tr -d '\r' <"$work/console.log" >"$work/console" && mv "$work/console" "$work/console.log"
	mkdir -p "$work/files"
	tar -xf "$work/out.disk" -C "$work/files" 2>/dev/null || true
	status=$(sed -n "s/^.*vmzone-lab $TOKEN status \([0-9]*\)$/\1/p" "$work/console.log" | tail -n 1)
	if grep -qE -f "$work/splats" "$work/console.log" && [ "${status:-0}" -ne 125 ]; then
		say "the kernel complained on its console:"
		grep -E -A 60 -f "$work/splats" "$work/console.log" | head -n 60 >&2
		status=125
	fi
	if [ "$boot" -eq 124 ] || [ "$boot" -eq 137 ]; then
		say "the guest did not finish within $timeout seconds (job $(basename "$JOB")); the last words of its console:"
		tail -n 20 "$work/console.log" >&2
		run_last_words
		return 124
	elif [ -z "$status" ]; then
		say "the guest ended without a word (the emulator's status $boot); the last words of its console:"
		tail -n 40 "$work/console.log" >&2
		run_last_words
		return 125
	fi
	return "$status"
}

# run_last_words: by what the job wrote to the kernel's log, what it did last
run_last_words() {
	local pattern
	pattern=$(job_needs "$JOB" log)
	[ -n "$pattern" ] || return 0
	say "what the job did last, by the log:"
	grep -hE "$pattern" "$work/console.log" | tail -n 8 >&2 || true
}

# run_keep: hands logs and files over, and clears up
run_keep() {
	local status=$1
	if [ -n "$out" ]; then
		mkdir -p "$out"
		cp "$work/console.log" "$work/job.log" "$out/"
		cp -R "$work/files/." "$out/"
	fi
	rm -rf "$work"/*.disk "$work/initramfs" "$work/tree" "$work/root"
	if [ "$status" -eq 0 ]; then
		rm -rf "$work"
	else
		say "$(basename "$JOB") failed with status $status; its logs are in $work"
	fi
}

# run_end: at the lab's own end. One before the verdict is no verdict of the job's.
run_end() {
	local status=$?
	rm -rf "$work"/*.disk "$work/initramfs" "$work/tree" "$work/root"
	[ -n "$judged" ] || [ "$status" -eq 0 ] || exit 125
}

run_main() {
	local status=0
	judged=
	. "$LAB/kernel.sh"
	. "$LAB/module.sh"
	. "$LAB/root.sh"
	. "$LAB/image.sh"
	run_parse "$@"
	memory=${memory:-$(job_needs "$JOB" memory 1024)}
	timeout=${timeout:-$(job_needs "$JOB" timeout 300)}
	append=" $(job_needs "$JOB" append)$append"
	TOKEN=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')

	mkdir -p "$CACHE/runs"
	find "$CACHE/runs" -mindepth 1 -maxdepth 1 -mtime +0 -exec rm -rf {} +
	work=$(mktemp -d "$CACHE/runs/$(basename "$JOB" .job).XXXXXX")
	trap run_end EXIT
	run_select
	grep -v '^#' "$LAB/splats" >"$work/splats"
	run_disks
	run_files "$work/tree"
	if [ "$kernel" = uml ]; then
		uml_boot || status=$?
	else
		image_initramfs "$work/tree" "$work/initramfs"
		run_boot || status=$?
	fi
	run_judge "$status" || status=$?
	judged=yes
	run_keep "$status"
	return "$status"
}
