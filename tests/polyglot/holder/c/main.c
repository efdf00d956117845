/* Provides the ring and never answers: what it was asked is kept for ever, and no stream is ended. */
#include <stddef.h>

#include "bulkhead.h"
#include "interfaces.h"

static void on_call(bh_component *component, bh_request request, const bh_client *client, bh_text operation,
                    bh_reader arguments) {
  (void)component, (void)request, (void)client, (void)operation, (void)arguments;
}

static void on_stream(bh_component *component, bh_stream stream, const bh_client *client, bh_text name,
                      bh_reader arguments) {
  (void)client, (void)name, (void)arguments;
  static const bh_stream_events events = {0};
  bh_stream_accept(component, stream, &events, NULL);
}

static void start(bh_component *component, bh_reader config) { (void)component, (void)config; }

int main(void) {
  static const bh_use uses[] = {{"next", &ring_interface, NULL, NULL}};
  static const bh_service services[] = {{"ring", &ring_interface, on_call, on_stream}};
  static const bh_definition definition = {
      .uses = uses, .use_count = 1, .services = services, .service_count = 1, .start = start};
  return bh_run(&definition, NULL);
}
