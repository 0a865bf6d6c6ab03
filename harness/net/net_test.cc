#include <gtest/gtest.h>

#include <future>

#include "harness/net/client.h"
#include "harness/net/crypto.h"
#include "harness/net/server.h"

namespace plumb::net {
namespace {

TEST(Smoke, Get) {
  auto server = Server::start({}, [](Request request, ResponseWriter writer) { writer.send(200, {{"X-Path", request.path}}, "hello " + request.body); });
  ASSERT_TRUE(server.ok()) << server.error().message;
  for (auto protocol : {ClientOptions::Protocol::http_1_1, ClientOptions::Protocol::http_2}) {
    ClientOptions options;
    options.endpoint = {"127.0.0.1", (*server)->port(), {}};
    options.protocol = protocol;
    auto client = HttpClient::create(options).value();
    for (int i = 0; i < 3; ++i) {
      auto response = client->send({.method = "POST", .target = "/a?b=c", .body = "you"});
      ASSERT_TRUE(response.ok()) << response.error().message;
      EXPECT_EQ(response->status, 200);
      EXPECT_EQ(response->body, "hello you");
    }
  }
}

}  // namespace
}  // namespace plumb::net
