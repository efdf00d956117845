/* Does nothing but live, for a debugger to find it. */
#include "bulkhead.h"

static void start(bh_component *component, bh_reader config) {
  (void)config;
  bh_log(component, "info", "%s ticks", bh_name(component));
}

int main(void) {
  static const bh_definition definition = {.start = start};
  return bh_run(&definition, NULL);
}
