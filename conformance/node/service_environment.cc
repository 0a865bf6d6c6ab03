#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(node, service_environment,
                  {.requirement = "A container MUST be told in its environment where each Service of its namespace is that was there before it, unless its pod does not want to know.",
                   .covers = {"Pods, service environment variables"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const Json service = c.apply("foo-service");
  const std::string ip = text_at(service, "/spec/clusterIP");
  for (const char* pod : {"told", "untold"}) c.apply(pod);
  c.await_end("told");
  const std::string told = "\n" + c.logs("told");
  const std::string port = "FOO_SERVICE_PORT_8765_TCP";
  for (const std::string& line : {"FOO_SERVICE_SERVICE_HOST=" + ip, std::string("FOO_SERVICE_SERVICE_PORT=8765"), "FOO_SERVICE_PORT=tcp://" + ip + ":8765", port + "=tcp://" + ip + ":8765",
                                  port + "_PROTO=tcp", port + "_PORT=8765", port + "_ADDR=" + ip, std::string("FOO_SERVICE_SERVICE_PORT_HTTP=8765")})
    EXPECT_TRUE(has(told, "\n" + line + "\n")) << line << " in " << told;
  c.await_end("untold");
  EXPECT_FALSE(has(c.logs("untold"), "FOO_SERVICE")) << c.logs("untold");
  EXPECT_TRUE(has(c.logs("untold"), "KUBERNETES_SERVICE_HOST=")) << "where the API server is, is always told";
}
