/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

/// A process that began to run a program, or ended.
/// @view rows
///   header "TIME     EVENT COMM             PID     PPID    FILENAME/EXIT CODE"
///   exit_event=true "{time} EXIT  {comm:<16} {pid:<7} {ppid:<7} [{status}] ({duration_ns})"
///   "{time} EXEC  {comm:<16} {pid:<7} {ppid:<7} {filename}"
struct event {
	/// @format timestamp ns
	unsigned long long time;
	/// How long the program ran; 0 when it begins.
	/// @format duration ns
	unsigned long long duration_ns;
	int pid;
	int ppid;
	/// What the parent gets from wait(2); 0 when the program begins.
	/// @format exit
	unsigned int status;
	_Bool exit_event;
	/// @format comm
	char comm[16];
	/// The file that is executed; empty at the end.
	/// @format string
	char filename[];
};

#endif
