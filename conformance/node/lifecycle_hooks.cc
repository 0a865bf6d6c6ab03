#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, lifecycle_hooks,
                  {.requirement = "A container's post-start hook MUST run when it has started and its pre-stop hook before it is stopped, as a "
                                  "command or as an HTTP request.",
                   .covers = {"Pod Lifecycle, post start exec hook", "Pod Lifecycle, post start http hook",
                              "Pod Lifecycle, prestop exec hook", "Pod Lifecycle, prestop http hook"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const Json server = c.start("server");
  const std::string address = text_at(server, "/status/podIP"), node = text_at(server, "/spec/nodeName");
  const auto asked = [&] { return std::stoi(c.output("server", {"get", "http://127.0.0.1:8080/requests"})); };
  int before = asked();
  // Each question counts as a request, too.
  const auto await_one_more = [&](const std::string& what) {
    int questions = 0;
    c.eventually(what, [&] { return asked() > before + ++questions; }, timeouts::pod_runs);
    before = asked();
  };
  for (const char* pod : {"command", "request"}) {
    c.start(pod, {{"SERVER", address}, {"NODE", node}});
    await_one_more(std::string("the post-start hook of ") + pod);
    c.must(c.client().remove(c.pods(), pod));
    await_one_more(std::string("the pre-stop hook of ") + pod);
    c.await_gone(c.pods(), pod, timeouts::pod_gone);
  }
}
