// What libbpf makes of an object file, for comparison with ours: `load-object OBJECT...`
// Prints JSON lines: {"object","program","tag"} or {"object","program","errno"}. With program null, all programs
// were loaded together; otherwise only that one.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static void print_tag(const char *path, const char *mode, const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return;
	printf("{\"object\":\"%s\",\"mode\":\"%s\",\"program\":\"%s\",\"tag\":\"", path, mode, bpf_program__name(program));
	for (unsigned int i = 0; i < sizeof(info.tag); i++)
		printf("%02x", info.tag[i]);
	printf("\"}\n");
}

static void load(const char *path, const char *only)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	const char *mode = only ? "one" : "all";

	if (!object) {
		printf("{\"object\":\"%s\",\"mode\":\"open\",\"errno\":%d}\n", path, errno);
		return;
	}
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !only || !strcmp(only, bpf_program__name(program)));
	int error = bpf_object__load(object);

	if (error)
		printf("{\"object\":\"%s\",\"mode\":\"%s\",\"program\":\"%s\",\"errno\":%d}\n", path, mode, only ? only : "", -error);
	else
		bpf_object__for_each_program(program, object)
			if (bpf_program__fd(program) >= 0)
				print_tag(path, mode, program);
	bpf_object__close(object);
}

int main(int argc, char **argv)
{
	libbpf_set_print(silent);
	for (int i = 1; i < argc; i++) {
		load(argv[i], NULL);
		struct bpf_object *object = bpf_object__open_file(argv[i], NULL);
		struct bpf_program *program;

		if (!object)
			continue;
		bpf_object__for_each_program(program, object)
			load(argv[i], bpf_program__name(program));
		bpf_object__close(object);
	}
	return 0;
}
