#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

PLUMB_CONFORMANCE(network, service_refused,
                  {.requirement = "Connections to a Service that has no endpoints MUST be refused at once, not left without an answer, before its first pod is there and after its last "
                                  "has gone.",
                   .covers = {},
                   .needs = {"image", "services"}}) {
  using namespace plumb::harness;
  c.apply("front");
  c.start("client");
  const std::string place = host_port(text_at(service_of(c, "front"), "/spec/clusterIP"), 80);
  const auto await_refusal = [&] {
    c.eventually("the connection to be refused", [&] {
      const auto answer = c.exec("client", {"tcp", place, "ping", "--timeout", "5"});
      return answer.exit_code != 0 && answer.err.find("refused") != std::string::npos;
    });
  };
  await_refusal();
  c.start("pod");
  await_answers(c, "client", place, {"pod"});
  c.must(c.client().remove(c.pods(), "pod"));
  await_refusal();
}
