/* Reads lines with the readline library until one is "exit". */
#include <stdlib.h>
#include <string.h>

char *readline(const char *prompt);

int main(void)
{
	char *line;

	while ((line = readline("prompt> ")) && strcmp(line, "exit"))
		free(line);
	return 0;
}
