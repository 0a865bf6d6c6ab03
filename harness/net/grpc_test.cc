#include "harness/net/grpc.h"

#include <future>

#include "harness/net/test_support.h"

namespace plumb::net::grpc {
namespace {

using namespace plumb::net::testing;

const Headers kType = {{"content-type", "application/grpc"}};

// Echoes each message; "/test/Fail" ends with the status that the message names.
void serve(Request request, ResponseWriter writer) {
  Unframer unframer(1 << 20);
  unframer.feed(request.body);
  const std::string message = unframer.next().value().value_or("");
  if (request.path == "/test/Fail") return writer.begin(200, {{"content-type", "application/grpc"}}), writer.end({{"grpc-status", message}, {"grpc-message", "no%20luck"}});
  if (request.path == "/test/Http") return writer.send(503, {}, "busy");
  if (request.path == "/test/Hang") return writer.on_cancel([writer] {});
  writer.begin(200, kType);
  const int times = request.path == "/test/Many" ? 1000 : 1;
  for (int i = 0; i < times; ++i) writer.write(frame(message + (times > 1 ? std::to_string(i) : "")));
  writer.end({{"grpc-status", "0"}});
}

struct Fixture {
  Fixture() : options(server_options(Way::h2c_unix)), server(Server::start(options, serve).value()) {
    channel = Channel::create({.endpoint = parse_endpoint(options.address).value()}).value();
  }
  ServerOptions options;
  std::unique_ptr<Server> server;
  std::shared_ptr<Channel> channel;
};

TEST(Grpc, UnaryCallsAnswerAndFail) {
  Fixture f;
  EXPECT_EQ(f.channel->unary("/test/Echo", "hello").value(), "hello");
  EXPECT_EQ(f.channel->unary("/test/Echo", std::string(500'000, 'x')).value().size(), 500'000u);
  const auto missing = f.channel->unary("/test/Fail", "5");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(missing.error().reason, "NOT_FOUND");
  EXPECT_EQ(missing.error().message, "/test/Fail: no luck");
  EXPECT_EQ(f.channel->unary("/test/Http", "").error().code, Code::unavailable);
  EXPECT_EQ(f.channel->unary("/test/Hang", "", {.timeout = 50ms}).error().code, Code::deadline_exceeded);
  EXPECT_EQ(f.channel->unary("/test/Fail", "99").error().reason, "UNKNOWN");
}

TEST(Grpc, StreamsComeInOrder) {
  Fixture f;
  int next = 0;
  std::promise<Status> done;
  f.channel->server_stream("/test/Many", "n", {}, {.on_message = [&](std::string message) { EXPECT_EQ(message, "n" + std::to_string(next++)); },
                                                   .on_done = [&](const Status& status) { done.set_value(status); }});
  EXPECT_TRUE(done.get_future().get().ok());
  EXPECT_EQ(next, 1000);
}

TEST(Grpc, BidirectionalMessagesArriveAndCancelEnds) {
  Fixture f;
  std::promise<std::string> message;
  std::promise<Status> done;
  StreamCall call = f.channel->bidi_stream("/test/Echo", {}, {.on_message = [&](std::string text) { message.set_value(std::move(text)); },
                                                              .on_done = [&](const Status& status) { done.set_value(status); }});
  call.write("both ways");
  call.writes_done();
  EXPECT_EQ(message.get_future().get(), "both ways");
  EXPECT_TRUE(done.get_future().get().ok());
  std::promise<Status> cancelled;
  StreamCall hanging = f.channel->bidi_stream("/test/Hang", {}, {.on_done = [&](const Status& status) { cancelled.set_value(status); }});
  hanging.cancel();
  EXPECT_EQ(cancelled.get_future().get().error().code, Code::cancelled);
}

TEST(Grpc, FailsAtOnceOrWaitsForTheServer) {
  ServerOptions options = server_options(Way::h2c_unix);
  const auto channel = Channel::create({.endpoint = parse_endpoint(options.address).value()}).value();
  EXPECT_EQ(channel->unary("/test/Echo", "x").error().code, Code::unavailable);
  EXPECT_EQ(channel->unary("/test/Echo", "x", {.timeout = 150ms, .wait_for_ready = true}).error().code, Code::deadline_exceeded);
  auto waiting = std::async(std::launch::async, [&] { return channel->unary("/test/Echo", "late", {.timeout = 20s, .wait_for_ready = true}); });
  const auto server = Server::start(options, serve).value();
  EXPECT_EQ(waiting.get().value(), "late");
}

TEST(Grpc, UnframerRefusesCompressionAndSize) {
  Unframer compressed(100);
  compressed.feed(std::string("\x01\0\0\0\x01x", 6));
  EXPECT_FALSE(compressed.next().ok());
  Unframer large(100);
  large.feed(std::string("\0\x7f\0\0\0", 5));
  EXPECT_EQ(large.next().error().code, Code::resource_exhausted);
}

}  // namespace
}  // namespace plumb::net::grpc
