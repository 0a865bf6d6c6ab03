#include "harness/client/exec.h"

#include <gtest/gtest.h>

#include <mutex>

#include "harness/net/server.h"
#include "harness/net/websocket.h"

namespace plumb::client {
namespace {

namespace ws = net::websocket;

// A server that speaks `protocols`, sends `frames` (channel byte first) and notes what it was sent.
struct Kubelet {
  std::vector<std::string> protocols;
  std::vector<std::string> frames;
  bool closes = false;
  std::string query, offered, authorization;
  std::mutex mutex;
  std::string input;
  std::shared_ptr<net::Stream> stream;
  ws::Decoder decoder{ws::Role::server};
  std::unique_ptr<net::Server> server = net::Server::start({}, [this](net::Request request, net::ResponseWriter writer) { answer(request, writer); }).value();

  ~Kubelet() { server->stop({}); }

  void answer(const net::Request& request, net::ResponseWriter writer) {
    query = request.query;
    offered = request.headers.get("sec-websocket-protocol");
    authorization = request.headers.get("authorization");
    const auto chosen = ws::choose_protocol(offered, protocols);
    if (!chosen) return writer.send(403, {{"content-type", "application/json"}}, R"({"kind":"Status","reason":"Forbidden","message":"no","code":403})");
    writer.upgrade({{"upgrade", "websocket"}, {"connection", "Upgrade"}, {"sec-websocket-protocol", *chosen},
                    {"sec-websocket-accept", ws::accept_key(request.headers.get("sec-websocket-key"))}},
                   [this](std::shared_ptr<net::Stream> got) { serve(std::move(got)); });
  }
  void serve(std::shared_ptr<net::Stream> got) {
    stream = std::move(got);
    stream->start({.on_data = [this](std::string_view data) { take(data); }, .on_eof = [] {}, .on_close = [](const Status&) {}});
    for (const std::string& frame : frames) stream->write(ws::encode(ws::Role::server, ws::Opcode::binary, frame));
    if (closes) stream->close();
  }
  void take(std::string_view data) {
    decoder.feed(data);
    for (auto message = decoder.next(); message.ok() && message->has_value(); message = decoder.next()) {
      const std::string& payload = (*message)->payload;
      if (payload == std::string("\xff\0", 2)) stream->write(ws::encode(ws::Role::server, ws::Opcode::binary, "\3{\"status\":\"Success\"}"));
      if (payload.empty() || payload[0] != 0) continue;
      const std::lock_guard lock(mutex);
      input += payload.substr(1);
    }
  }
  Result<ExecResult> run(const std::vector<std::string>& command, const ExecOptions& options = {.timeout = std::chrono::seconds(5)}) {
    Config config{.server = "http://127.0.0.1:" + std::to_string(server->port()) + "/base"};
    config.user.token = "secret";
    return run_exec(config, "/exec", command, options);
  }
};

TEST(Exec, KeepsOutputsApartAndTellsTheExitCode) {
  Kubelet kubelet{.protocols = {"v5.channel.k8s.io"},
                  .frames = {"\1he", "\2oops", "\1llo", "",
                             "\3{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}"}};
  const auto result = kubelet.run({"say", "a b&c"}, {.container = "main", .timeout = std::chrono::seconds(5)});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->out, "hello");
  EXPECT_EQ(result->err, "oops");
  EXPECT_EQ(kubelet.query, "stdout=true&stderr=true&container=main&command=say&command=a%20b%26c");
  EXPECT_EQ(kubelet.authorization, "Bearer secret");
}

TEST(Exec, FallsBackToTheOlderProtocol) {
  Kubelet kubelet{.protocols = {"v4.channel.k8s.io"}, .frames = {"\1x", "\3{\"status\":\"Success\"}"}};
  const auto result = kubelet.run({"x"});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->protocol, "v4.channel.k8s.io");
  EXPECT_EQ(result->exit_code, 0);
}

TEST(Exec, EndsItsInput) {
  Kubelet kubelet{.protocols = {"v5.channel.k8s.io"}};
  const std::string input(100'000, 'i');
  const auto result = kubelet.run({"cat"}, {.input = input, .timeout = std::chrono::seconds(5)});
  ASSERT_TRUE(result.ok()) << result.error().message;
  std::lock_guard lock(kubelet.mutex);
  EXPECT_EQ(kubelet.input, input);
}

TEST(Exec, TellsWhyThereIsNoExitCode) {
  EXPECT_EQ(Kubelet{}.run({"x"}).error().http_status, 403);
  Kubelet broken{.protocols = {"v5.channel.k8s.io"}, .frames = {"\3{\"status\":\"Failure\",\"reason\":\"InternalError\",\"message\":\"no such file\"}"}};
  EXPECT_NE(broken.run({"x"}).error().message.find("no such file"), std::string::npos);
  Kubelet closing{.protocols = {"v5.channel.k8s.io"}, .frames = {"\1half"}, .closes = true};
  EXPECT_EQ(closing.run({"x"}).error().code, Code::unavailable);
  Kubelet silent{.protocols = {"v5.channel.k8s.io"}};
  EXPECT_EQ(silent.run({"x"}, {.timeout = std::chrono::milliseconds(30)}).error().code, Code::deadline_exceeded);
  Kubelet gibberish{.protocols = {"v5.channel.k8s.io"}, .frames = {"\3not json"}};
  EXPECT_EQ(gibberish.run({"x"}).error().code, Code::internal);
}

}  // namespace
}  // namespace plumb::client
