// Server and client against each other, over every way to talk.
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "harness/net/test_support.h"

namespace plumb::net {
namespace {

using namespace testing;

class Loopback : public ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, Loopback, ::testing::ValuesIn(kAllWays), way_name);

TEST_P(Loopback, CarriesRequestAndAnswer) {
  const auto pair = make_pair(GetParam(), [](Request request, ResponseWriter writer) {
    EXPECT_EQ(request.path, "/api/v1/pods%2Fx");
    EXPECT_EQ(request.query, "limit=5&watch=1");
    EXPECT_EQ(request.headers.get("x-test"), "yes");
    EXPECT_EQ(request.peer->tls, is_tls(GetParam()));
    EXPECT_EQ(request.version, is_h2(GetParam()) ? Version::http_2 : Version::http_1_1);
    writer.send(201, {{"X-Method", request.method}}, "got " + request.body);
  });
  for (int i = 0; i < 3; ++i) {
    const auto response =
        pair.client->send({.method = "PUT", .target = "/api/v1/pods%2Fx?limit=5&watch=1", .headers = {{"X-Test", "yes"}}, .body = "a body"});
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->headers.get("x-method"), "PUT");
    EXPECT_EQ(response->headers.get("content-length"), "10");
    EXPECT_EQ(response->body, "got a body");
  }
  EXPECT_EQ(pair.client->open_connections(), 1u);
}

TEST_P(Loopback, SendsManyChunksAndLargeBodies) {
  std::vector<Bytes> chunks;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    chunks.push_back(bytes(std::string(10'000, static_cast<char>('a' + i % 26))));
    expected += *chunks.back();
  }
  const auto pair = make_pair(GetParam(), [&](Request request, ResponseWriter writer) {
    EXPECT_EQ(request.body.size(), 3u << 20);
    writer.send(200, {}, chunks);
  });
  const auto response = pair.client->send({.method = "POST", .body = std::string(3 << 20, 'x')});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_TRUE(response->body == expected);
}

TEST_P(Loopback, HeadAndNoContentHaveNoBody) {
  const auto pair = make_pair(GetParam(), [](Request request, ResponseWriter writer) {
    if (request.path == "/none") writer.send(204, {});
    else writer.send(200, {}, "12345");
  });
  for (int i = 0; i < 2; ++i) {
    const auto head = pair.client->send({.method = "HEAD", .target = "/"});
    ASSERT_TRUE(head.ok()) << head.error().message;
    EXPECT_EQ(head->headers.get("content-length"), "5");
    EXPECT_EQ(head->body, "");
    const auto none = pair.client->send({.target = "/none"});
    ASSERT_TRUE(none.ok()) << none.error().message;
    EXPECT_EQ(none->status, 204);
  }
}

TEST_P(Loopback, StreamsFromAnotherThread) {
  std::vector<std::thread> threads;
  const auto pair = make_pair(GetParam(), [&](Request, ResponseWriter writer) {
    threads.emplace_back([writer]() mutable {
      writer.begin(200, {{"Content-Type", "application/json"}});
      for (int i = 0; i < 100; ++i) writer.write("event " + std::to_string(i) + "\n");
      writer.end();
    });
  });
  const auto response = pair.client->send({});
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_TRUE(response->body.starts_with("event 0\nevent 1\n"));
  EXPECT_TRUE(response->body.ends_with("event 99\n"));
}

TEST_P(Loopback, CancelReachesTheHandlerAndTheCaller) {
  std::promise<void> seen;
  const auto pair = make_pair(GetParam(), [&](Request request, ResponseWriter writer) {
    if (request.path != "/watch") return writer.send(200, {}, "fine");
    writer.begin(200, {});
    writer.write("first");
    writer.on_cancel([writer, &seen] {
      EXPECT_TRUE(writer.cancelled());
      seen.set_value();
    });
  });
  std::promise<void> first;
  std::promise<Error> ended;
  Call call = pair.client->stream({.target = "/watch"}, {.on_data = [&](std::string_view) { first.set_value(); },
                                                         .on_end = [](const Headers&) { ADD_FAILURE() << "ended"; },
                                                         .on_error = [&](const Error& error) { ended.set_value(error); }});
  first.get_future().get();
  call.cancel();
  EXPECT_EQ(ended.get_future().get().code, Code::cancelled);
  ASSERT_EQ(seen.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(pair.client->send({.target = "/"})->body, "fine");
}

TEST_P(Loopback, DeadlineEndsTheCall) {
  std::vector<ResponseWriter> kept;
  auto pair = make_pair(GetParam(), [&](Request, ResponseWriter writer) { kept.push_back(writer); });
  const auto response = pair.client->send({.timeout = 50ms});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::deadline_exceeded);
  pair.server->stop(0s);
}

TEST_P(Loopback, ForgottenAnswersAre500AndBrokenOnesErrors) {
  const auto pair = make_pair(GetParam(), [](Request request, ResponseWriter writer) {
    if (request.path != "/begun") return;
    writer.begin(200, {});
    writer.write("half");
  });
  const auto forgotten = pair.client->send({.target = "/"});
  ASSERT_TRUE(forgotten.ok()) << forgotten.error().message;
  EXPECT_EQ(forgotten->status, 500);
  EXPECT_FALSE(pair.client->send({.target = "/begun"}).ok());
}

TEST_P(Loopback, BodiesBeyondTheLimitAre413WithTheCallersBody) {
  ServerOptions options = server_options(GetParam());
  options.max_body_bytes = 1000;
  options.error_answer = [](int status, std::string_view) {
    return std::make_pair(Headers{{"Content-Type", "application/json"}}, "{\"code\":" + std::to_string(status) + "}");
  };
  const auto pair = make_pair(GetParam(), [](Request, ResponseWriter writer) { writer.send(200, {}, "ok"); }, options);
  EXPECT_EQ(pair.client->send({.method = "POST", .body = std::string(1000, 'x')})->status, 200);
  const auto response = pair.client->send({.method = "POST", .body = std::string(1001, 'x')});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 413);
  EXPECT_EQ(response->body, "{\"code\":413}");
  EXPECT_EQ(pair.client->send({.target = "/"})->status, 200);
}

TEST_P(Loopback, SlowReadersShowInBufferedAndHearWritable) {
  std::promise<void> drained;
  std::promise<std::size_t> stuck;
  const auto pair = make_pair(GetParam(), [&](Request, ResponseWriter writer) {
    writer.begin(200, {});
    for (int i = 0; i < 64; ++i) writer.write(std::string(1 << 20, 'x'));
    writer.reactor()->after(300ms, [writer, &stuck] { stuck.set_value(writer.buffered()); });
    writer.on_writable(0, [writer, &drained]() mutable {
      writer.end();
      drained.set_value();
    });
  });
  std::promise<void> ended;
  std::atomic<std::size_t> received{0};
  Call call = pair.client->stream({}, {.on_data = [&](std::string_view data) { received += data.size(); },
                                       .on_end = [&](const Headers&) { ended.set_value(); },
                                       .on_error = [](const Error& error) { ADD_FAILURE() << error.message; }});
  call.pause();
  EXPECT_GT(stuck.get_future().get(), 16u << 20);
  call.resume();
  drained.get_future().get();
  ended.get_future().get();
  EXPECT_EQ(received, 64u << 20);
}

TEST_P(Loopback, TenThousandRequestsAtOnce) {
  const auto pair = make_pair(GetParam(), [](Request request, ResponseWriter writer) { writer.send(200, {}, request.path); });
  constexpr int kCount = 10'000;
  std::atomic<int> good{0}, done{0};
  std::promise<void> all;
  for (int i = 0; i < kCount; ++i)
    pair.client->send_async({.target = "/" + std::to_string(i)}, [&, i](Result<ClientResponse> response) {
      if (response.ok() && response->body == "/" + std::to_string(i)) ++good;
      if (++done == kCount) all.set_value();
    });
  ASSERT_EQ(all.get_future().wait_for(60s), std::future_status::ready) << done;
  EXPECT_EQ(good, kCount);
}

TEST_P(Loopback, StopLetsRequestsFinishAndTheClientReconnects) {
  ServerOptions options = server_options(GetParam());
  std::promise<ResponseWriter> held;
  auto server = Server::start(options, [&](Request, ResponseWriter writer) { held.set_value(writer); }).value();
  options.port = server->port();
  const auto client = HttpClient::create(client_options(GetParam(), options, server->port())).value();
  auto answer = std::async(std::launch::async, [&] { return client->send({}); });
  ResponseWriter writer = held.get_future().get();
  auto stopping = std::async(std::launch::async, [&] { server->stop(10s); });
  writer.send(200, {}, "finished");
  const auto first = answer.get();
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->body, "finished");
  stopping.get();
  EXPECT_FALSE(client->send({.timeout = 5s}).ok());
  server = Server::start(options, [](Request, ResponseWriter w) { w.send(200, {}, "again"); }).value();
  const auto second = client->send({});
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->body, "again");
}

TEST_P(Loopback, StopCutsOffLongExchanges) {
  std::promise<void> cancelled;
  std::promise<void> begun;
  auto pair = make_pair(GetParam(), [&](Request, ResponseWriter writer) {
    writer.begin(200, {});
    writer.write("x");
    writer.on_cancel([&cancelled, writer] { cancelled.set_value(); });
  });
  std::promise<Error> ended;
  pair.client->stream({}, {.on_data = [&](std::string_view) { begun.set_value(); }, .on_error = [&](const Error& error) { ended.set_value(error); }});
  begun.get_future().get();
  pair.server->stop(20ms);
  EXPECT_EQ(cancelled.get_future().wait_for(0s), std::future_status::ready);
  EXPECT_EQ(ended.get_future().get().code, Code::unavailable);
}

TEST(Tls, ShowsTheClientsIdentity) {
  const ServerOptions options = server_options(Way::h2_tls);
  auto server = Server::start(options, [](Request request, ResponseWriter writer) {
    const Peer& peer = *request.peer;
    std::string text = peer.certificate ? peer.certificate->common_name : "anonymous";
    if (peer.certificate) for (const auto& group : peer.certificate->organizations) text += " " + group;
    writer.send(200, {}, text + (peer.certificate_error.empty() ? "" : " refused"));
  }).value();
  const auto ask = [&](const KeyPair& identity) {
    ClientOptions client = client_options(Way::h2_tls, options, server->port());
    client.tls->certificate_pem = identity.certificate_pem;
    client.tls->key_pem = identity.key_pem;
    return HttpClient::create(client).value()->send({})->body;
  };
  EXPECT_EQ(ask({}), "anonymous");
  EXPECT_EQ(ask(pki().client), "jane team-a team-b");
  EXPECT_EQ(ask(pki().stranger), "anonymous refused");
}

TEST(Tls, ClientsRefuseWhatTheyCannotVerify) {
  const ServerOptions options = server_options(Way::h2_tls);
  auto server = Server::start(options, [](Request, ResponseWriter writer) { writer.send(200, {}, "ok"); }).value();
  ClientOptions client = client_options(Way::h2_tls, options, server->port());
  client.tls->ca_pem = pki().other_ca.certificate_pem;
  const auto unknown = HttpClient::create(client).value()->send({});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find("certificate"), std::string::npos) << unknown.error().message;
  client.tls->ca_pem = pki().ca.certificate_pem;
  client.tls->server_name = "wrong.example";
  EXPECT_FALSE(HttpClient::create(client).value()->send({}).ok());
  client.tls->server_name = "localhost";
  EXPECT_TRUE(HttpClient::create(client).value()->send({}).ok());
  client.tls = TlsClientOptions{.insecure_skip_verify = true};
  EXPECT_TRUE(HttpClient::create(client).value()->send({}).ok());
  client.tls = TlsClientOptions{.ca_pem = "nonsense"};
  EXPECT_FALSE(HttpClient::create(client).ok());
}

TEST(Client, SaysWhatItCouldNotReach) {
  ClientOptions options;
  options.endpoint = {"127.0.0.1", 1, {}};
  const auto response = HttpClient::create(options).value()->send({});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::unavailable);
  EXPECT_EQ(response.error().reason, kNotConnected);
  EXPECT_NE(response.error().message.find("127.0.0.1:1"), std::string::npos);
}

class Upgrade : public ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, Upgrade, ::testing::Values(Way::h1, Way::h1_tls), way_name);

// Echoes until the client half-closes.
void echo(Request request, ResponseWriter writer) {
  if (request.headers.get("upgrade") != "echo") return writer.send(400, {}, "upgrade to echo");
  writer.upgrade({{"Upgrade", "echo"}, {"Connection", "Upgrade"}}, [](std::shared_ptr<Stream> stream) {
    ASSERT_TRUE(stream);
    stream->start({.on_data = [stream](std::string_view data) { stream->write(std::string(data)); }, .on_eof = [stream] { stream->close(); }});
  });
}

TEST_P(Upgrade, TunnelsBytesBothWays) {
  const auto pair = make_pair(GetParam(), echo);
  auto upgraded = pair.client->upgrade({.headers = {{"Upgrade", "echo"}, {"Connection", "Upgrade"}}});
  ASSERT_TRUE(upgraded.ok()) << upgraded.error().message;
  ASSERT_TRUE(upgraded->stream);
  const auto stream = upgraded->stream;
  std::string received;
  std::promise<Status> closed;
  stream->start({.on_data = [&](std::string_view data) { received.append(data); }, .on_close = [&](const Status& status) { closed.set_value(status); },});
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const std::string part(20'000, static_cast<char>('a' + i % 26));
    sent += part;
    stream->write(part);
  }
  stream->shutdown_write();
  std::thread closer([&] { eventually([&] { return stream->buffered() == 0; }); });
  closer.join();
  stream->reactor()->post([] {});
  auto future = closed.get_future();
  ASSERT_TRUE(eventually([&] {
    std::promise<std::size_t> size;
    stream->reactor()->post([&] { size.set_value(received.size()); });
    return size.get_future().get() == sent.size();
  }));
  stream->close();
  ASSERT_EQ(future.wait_for(10s), std::future_status::ready);
  EXPECT_TRUE(received == sent);
}

TEST_P(Upgrade, ARefusalIsAResponse) {
  const auto pair = make_pair(GetParam(), echo);
  const auto refused = pair.client->upgrade({});
  ASSERT_TRUE(refused.ok()) << refused.error().message;
  EXPECT_EQ(refused->response.status, 400);
  EXPECT_EQ(refused->response.body, "upgrade to echo");
  EXPECT_FALSE(refused->stream);
}

TEST(SpliceTest, JoinsAServersStreamWithAnother) {
  const auto inner = make_pair(Way::h1, echo);
  std::atomic<bool> done{false};
  const auto outer = make_pair(Way::h1_tls, [&](Request, ResponseWriter writer) {
    inner.client->upgrade_async({.headers = {{"Upgrade", "echo"}, {"Connection", "Upgrade"}}}, [&, writer](Result<HttpClient::Upgraded> far) mutable {
      ASSERT_TRUE(far.ok());
      writer.upgrade({{"Upgrade", "echo"}, {"Connection", "Upgrade"}}, [&, far](std::shared_ptr<Stream> near) {
        splice(near, far->stream, [&] { done = true; });
      });
    });
  });
  auto upgraded = outer.client->upgrade({.headers = {{"Upgrade", "echo"}, {"Connection", "Upgrade"}}}).value();
  std::promise<std::string> all;
  auto received = std::make_shared<std::string>();
  upgraded.stream->start({.on_data = [&, received](std::string_view data) {
    received->append(data);
    if (received->size() == 3'000'000) all.set_value(*received);
  }});
  const std::string sent(3'000'000, 'q');
  upgraded.stream->write(sent);
  EXPECT_TRUE(all.get_future().get() == sent);
  upgraded.stream->close();
  EXPECT_TRUE(eventually([&] { return done.load(); }));
}

}  // namespace
}  // namespace plumb::net
