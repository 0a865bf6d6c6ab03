#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, bad_requests,
                  {.requirement = "Malformed, mistyped, over-long and misdirected requests MUST each be answered with a Status of the fitting code, never with a lost connection."}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  const plumb::client::Headers json{{"content-type", "application/json"}, {"accept", "application/json"}};
  const auto answer = [&](const std::string& method, const std::string& path, const std::string& body) {
    const auto response = c.must(c.client().raw(method, path, body, {}, json));
    const Json status = Json::parse(response.body, nullptr, false);
    EXPECT_EQ(text_at(status, "/kind"), "Status") << method << " " << path << ": " << response.body.substr(0, 200);
    EXPECT_EQ(int_at(status, "/code"), response.status);
    return response.status;
  };
  EXPECT_EQ(answer("POST", maps.path(), "{\"metadata\": {"), 400);
  EXPECT_EQ(answer("POST", maps.path(), "[]"), 400);
  EXPECT_EQ(answer("POST", maps.path(), R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}})"), 400);
  EXPECT_EQ(answer("POST", maps.path(), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":7}})"), 400);
  EXPECT_EQ(answer("POST", maps.path(), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"elsewhere"}})"), 400);
  EXPECT_EQ(answer("POST", maps.path(), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":")" + std::string(4 << 20, 'a') + "\"}}"), 413);
  EXPECT_EQ(answer("POST", maps.path(), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":")" + std::string((1 << 20) + 1, 'a') + "\"}}"), 422);
  EXPECT_EQ(answer("GET", maps.path("absent"), ""), 404);
  EXPECT_EQ(answer("DELETE", maps.path("absent"), ""), 404);
  EXPECT_EQ(answer("PUT", maps.path("one"), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}})"), 400);
  EXPECT_EQ(answer("POST", Resource{"v1", "configmaps", c.unique("absent")}.path(), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}})"), 404);
  EXPECT_EQ(answer("POST", maps.path("named"), "{}"), 405);
}
