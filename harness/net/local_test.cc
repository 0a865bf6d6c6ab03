#include "harness/net/local.h"

#include <gtest/gtest.h>

#include <future>

namespace plumb::net {
namespace {

using namespace std::chrono_literals;

class LocalTest : public ::testing::Test {
 protected:
  void TearDown() override { reactor_->stop(); }
  std::future<Result<ClientResponse>> begin(Handler handler, LocalOptions options = {}, Request request = {}) {
    auto promise = std::make_shared<std::promise<Result<ClientResponse>>>();
    ask_locally(reactor_, std::move(handler), std::move(request), options, [promise](Result<ClientResponse> result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  Result<ClientResponse> ask(Handler handler, LocalOptions options = {}, Request request = {}) {
    auto answer = begin(std::move(handler), options, std::move(request));
    if (answer.wait_for(10s) != std::future_status::ready) return fail(Code::internal, "the test waited in vain");
    return answer.get();
  }
  const std::shared_ptr<Reactor> reactor_ = Reactor::start("local-test");
};

TEST_F(LocalTest, GivesAnswersWhole) {
  Request request;
  request.path = "/pods";
  const auto answer = ask([](Request asked, ResponseWriter writer) { writer.send(201, {{"x-path", asked.path}}, "made"); }, {}, request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->headers.get("x-path"), "/pods");
  EXPECT_EQ(answer->body, "made");
}

TEST_F(LocalTest, CollectsStreamedAnswersFromOtherThreads) {
  std::promise<ResponseWriter> handed;
  auto answer = begin([&](Request, ResponseWriter writer) { handed.set_value(writer); });
  {
    ResponseWriter writer = handed.get_future().get();
    writer.begin(200, {});
    for (int i = 0; i < 100; ++i) writer.write(std::string(1000, 'x'));
    writer.end();
  }
  const auto collected = answer.get();
  ASSERT_TRUE(collected.ok()) << collected.error().message;
  EXPECT_EQ(collected->body.size(), 100'000u);
}

TEST_F(LocalTest, AnswersForHandlersThatDoNot) {
  const auto nothing = ask([](Request, const ResponseWriter&) {});
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(nothing->status, 500);
  const auto broken = ask([](Request, ResponseWriter writer) { writer.begin(200, {}), writer.write(std::string("half")), writer.abort(); });
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, Code::unavailable);
}

TEST_F(LocalTest, BoundsSizeAndTime) {
  LocalOptions small;
  small.max_response_bytes = 100;
  const auto large = ask([](Request, ResponseWriter writer) { writer.send(200, {}, std::string(101, 'x')); }, small);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, Code::resource_exhausted);
  LocalOptions brief;
  brief.timeout = 20ms;
  std::promise<void> cancelled;
  const auto endless = ask([&](Request, ResponseWriter writer) {
    writer.begin(200, {});
    // The handler keeps the writer, as a watch does, until it hears that nobody listens.
    writer.on_cancel([&cancelled, writer] { cancelled.set_value(); });
  }, brief);
  ASSERT_FALSE(endless.ok());
  EXPECT_EQ(endless.error().code, Code::deadline_exceeded);
  EXPECT_EQ(cancelled.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(LocalTest, EndsWithItsReactor) {
  reactor_->stop();
  const auto late = ask([](Request, ResponseWriter writer) { writer.send(200, {}); });
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::unavailable);
}

}  // namespace
}  // namespace plumb::net
