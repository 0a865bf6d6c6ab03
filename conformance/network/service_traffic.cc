#include <gtest/gtest.h>

#include <set>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(network, service_traffic,
                  {.requirement = "A Service's cluster address MUST lead to its ready pods and to all of them over time, from any pod, on the "
                                  "Service's port, and to none once they are gone.",
                   .needs = {"image", "services"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"one", "two", "client"}) c.await_ready(pod);
  const std::string address = text_at(c.must(c.client().get(c.in("v1", "services"), "front")), "/spec/clusterIP");
  const auto ask = [&] { return c.exec("client", {"get", "http://" + address + ":81/hostname", "--timeout", "2"}); };
  std::set<std::string> seen;
  c.eventually("both pods to answer through the service", [&] {
    const auto answer = ask();
    if (answer.exit_code == 0) seen.insert(answer.out.substr(0, answer.out.find('\n')));
    return seen.size() == 2;
  });
  EXPECT_EQ(seen, (std::set<std::string>{"one", "two"}));
  c.output("one", {"get", "http://127.0.0.1:8080/readyz?set=false"});
  c.eventually("only the ready pod to answer", [&] {
    for (int i = 0; i < 10; ++i) {
      if (c.exec("client", {"get", "http://" + address + ":81/hostname", "--timeout", "2"}).out.rfind("two", 0) != 0) return false;
    }
    return true;
  });
  c.must(c.client().remove(c.pods(), "one"));
  c.must(c.client().remove(c.pods(), "two"));
  c.eventually("nobody to answer", [&] { return ask().exit_code != 0; });
}
