/* A guest's program: echoes, passes on, and breaks in the ways that the proof asks for. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bulkhead.h"
#include "interfaces.h"

enum { SPACE = 256 * 1024, DEADLINE_MS = 60000, PIECE_LINES = 50 };

static uint8_t space[SPACE];

static void answer(bh_component *component, bh_request request, bh_text text) {
  work_ask_result result = {.text = text};
  bh_writer writer = bh_writer_over(space, sizeof space);
  write_work_ask_result(&writer, &result);
  bh_answer(component, request, &writer);
}

static void on_passed(bh_component *component, void *context, const bh_error *error, bh_reader reader) {
  bh_request *request = context;
  work_ask_result result;
  if (error || !read_work_ask_result(reader, &result)) bh_refuse(component, *request, "PEER_GONE", "last did not answer");
  else answer(component, *request, result.text);
  free(request);
}

static void pass_on(bh_component *component, bh_request request, const work_ask_arguments *arguments) {
  bh_writer writer = bh_writer_over(space, sizeof space);
  write_work_ask_arguments(&writer, arguments);
  bh_request *waiting = malloc(sizeof *waiting);
  if (!waiting) bh_fault(component, "there is no memory left");
  *waiting = request;
  bh_call(component, "next", "ask", &writer, DEADLINE_MS, on_passed, waiting);
}

/* As fast as it can, to the kernel's console and to the log; in pieces, for the heartbeat comes from the same loop. */
static void flood(bh_component *component, void *context) {
  static int lines;
  const int *wanted = context;
  FILE *console = fopen("/dev/console", "w");
  for (int left = PIECE_LINES; left > 0; left--, lines++) {
    if (console) fprintf(console, "console line %d of a guest that does not stop\n", lines);
    bh_log(component, "info", "log line %d of a guest that does not stop", lines);
  }
  if (console) fclose(console);
  if (lines < *wanted) bh_after(component, 0, flood, context);
}

static int number_in(bh_text text) {
  int number = 0;
  for (size_t i = 0; i < text.length && number < 100000; i++) number = number * 10 + (text.bytes[i] - '0');
  return number;
}

static void panic(void) {
  int trigger = open("/proc/sysrq-trigger", O_WRONLY);
  if (trigger < 0 || write(trigger, "c", 1) != 1) _exit(9);
}

static void on_call(bh_component *component, bh_request request, const bh_client *client, bh_text operation,
                    bh_reader reader) {
  (void)client;
  (void)operation;
  work_ask_arguments arguments;
  if (!read_work_ask_arguments(reader, &arguments)) {
    bh_refuse(component, request, "IPC_ARGUMENTS_INVALID", "ask takes what and a text");
    return;
  }
  if (bh_text_is(arguments.what, "next")) {
    pass_on(component, request, &arguments);
    return;
  }
  if (bh_text_is(arguments.what, "flood")) {
    static int wanted;
    wanted = number_in(arguments.text);
    flood(component, &wanted);
  }
  if (bh_text_is(arguments.what, "panic")) panic();
  answer(component, request, arguments.text);
}

static void start(bh_component *component, bh_reader config) {
  (void)config;
  char line[80] = "";
  FILE *file = fopen("/etc/motd", "r");
  if (!file || !fgets(line, sizeof line, file)) bh_fault(component, "the guest has not its files");
  fclose(file);
  bh_log(component, "info", "here is %s, incarnation %u: %s", bh_name(component), bh_incarnation(component), line);
}

static void stop(bh_component *component) { bh_log(component, "info", "the guest stops in order"); }

int main(void) {
  static const bh_use uses[] = {{"next", &work_interface, NULL, NULL}};
  static const bh_service services[] = {{"work", &work_interface, on_call}};
  static const bh_definition definition = {
      .uses = uses, .use_count = 1, .services = services, .service_count = 1, .start = start, .stop = stop};
  return bh_run(&definition, NULL);
}
