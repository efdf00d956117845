/* A station of the ring, in C: passes the token on, adds its name to what comes back, and answers with that; see relay.c, stamp.c. */
#include <stdlib.h>
#include <string.h>

#include "station.h"

static void on_passed(bh_component *component, void *context, const bh_error *error, bh_reader reader) {
  bh_request *request = context;
  ring_pass_result result;
  if (error) {
    bh_refuse(component, *request, error->code, "the next station did not answer");
  } else if (!read_ring_pass_result(reader, &result)) {
    bh_refuse(component, *request, "IPC_RESULT_INVALID", "the next station answered something else");
  } else {
    uint8_t space[2 * TRAIL];
    bh_writer answer = bh_writer_over(space, sizeof space);
    write_ring_pass_result(&answer, &result);
    bh_answer(component, *request, &answer);
  }
  free(request);
}

static void pass(bh_component *component, bh_request request, bh_reader reader) {
  ring_pass_arguments arguments;
  char trail[TRAIL];
  const char *name = bh_name(component);
  if (!read_ring_pass_arguments(reader, &arguments) || arguments.trail.length + 1 + strlen(name) > sizeof trail) {
    bh_refuse(component, request, "IPC_ARGUMENTS_INVALID", "pass takes a round and a trail");
    return;
  }
  memcpy(trail, arguments.trail.bytes, arguments.trail.length);
  trail[arguments.trail.length] = ' ';
  memcpy(trail + arguments.trail.length + 1, name, strlen(name));
  arguments.trail = (bh_text){trail, arguments.trail.length + 1 + strlen(name)};
  uint8_t space[2 * TRAIL];
  bh_writer writer = bh_writer_over(space, sizeof space);
  write_ring_pass_arguments(&writer, &arguments);
  bh_request *waiting = malloc(sizeof *waiting);
  if (!waiting) bh_fault(component, "there is no memory left");
  *waiting = request;
  bh_call(component, "next", "pass", &writer, DEADLINE_MS, on_passed, waiting);
}

static void on_call(bh_component *component, bh_request request, const bh_client *client, bh_text operation,
                    bh_reader reader) {
  if (bh_text_is(operation, "pass")) pass(component, request, reader);
  else stamp(component, request, client, reader);
}

static void start(bh_component *component, bh_reader config) {
  (void)config;
  bh_log(component, "info", "%s is in the ring, incarnation %u", bh_name(component), bh_incarnation(component));
}

int main(void) {
  static const bh_use uses[] = {{"next", &ring_interface, NULL, NULL}};
  static const bh_service services[] = {{"ring", &ring_interface, on_call, relay}};
  static const bh_definition definition = {
      .uses = uses, .use_count = 1, .services = services, .service_count = 1, .start = start};
  return bh_run(&definition, NULL);
}
