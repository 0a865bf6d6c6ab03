// What a server must survive.
#include <future>

#include "harness/base/encoding.h"
#include "harness/net/test_support.h"

namespace plumb::net {
namespace {

using namespace testing;

std::unique_ptr<Server> start(ServerOptions options = {}) {
  return Server::start(std::move(options), [](Request request, ResponseWriter writer) { writer.send(200, {}, request.path + "|" + request.body); }).value();
}

TEST(Hostile, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = start();
  RawSocket socket(server->port());
  std::string all;
  for (int i = 0; i < 100; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  socket.send(all + "GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.receive();
  EXPECT_LT(answer.find("/0|"), answer.find("/1|"));
  EXPECT_LT(answer.find("/98|"), answer.find("/99|"));
  EXPECT_TRUE(answer.ends_with("/end|")) << answer.substr(answer.size() - 100);
}

TEST(Hostile, RequestsByTheByte) {
  const auto server = start();
  RawSocket socket(server->port());
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    socket.send({&c, 1});
  EXPECT_TRUE(socket.receive().ends_with("/x|abcde"));
}

TEST(Hostile, ContinueIsGivenBeforeTheBody) {
  const auto server = start();
  RawSocket socket(server->port());
  socket.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(socket.receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("abc");
  EXPECT_TRUE(socket.receive().ends_with("/x|abc"));
}

TEST(Hostile, MalformedHttp1IsAnswered400AndClosed) {
  const auto server = start();
  for (const std::string text : {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
                                 "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                 "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                 "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    RawSocket socket(server->port());
    socket.send(text);
    EXPECT_TRUE(socket.receive({}, 3000).starts_with("HTTP/1.1 400 ")) << text;
  }
}

TEST(Hostile, TooMuchHeaderIs431) {
  ServerOptions options;
  options.max_header_bytes = 4096;
  options.max_headers = 20;
  const auto server = start(options);
  RawSocket large(server->port());
  large.send("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(large.receive().starts_with("HTTP/1.1 431 "));
  RawSocket many(server->port());
  std::string text = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 30; ++i) text += "A: b\r\n";
  many.send(text + "\r\n");
  EXPECT_TRUE(many.receive().starts_with("HTTP/1.1 431 "));
  ClientOptions client;
  client.endpoint = {"127.0.0.1", server->port(), {}};
  client.protocol = ClientOptions::Protocol::http_2;
  const auto response = HttpClient::create(client).value()->send({.headers = {{"x", std::string(5000, 'x')}}});
  EXPECT_TRUE(!response.ok() || response->status == 431);
}

TEST(Hostile, AnAnnouncedHugeBodyIs413BeforeItComes) {
  const auto server = start();
  RawSocket socket(server->port());
  socket.send("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n");
  EXPECT_TRUE(socket.receive().starts_with("HTTP/1.1 413 "));
}

TEST(Hostile, SlowAndIdleConnectionsEnd) {
  ServerOptions options;
  options.request_timeout = 100ms;
  options.idle_timeout = 100ms;
  const auto server = start(options);
  RawSocket slow(server->port()), silent(server->port()), idle(server->port());
  slow.send("GET / HTTP/1.1\r\nHo");
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(slow.receive().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(silent.receive(), "");
  EXPECT_TRUE(idle.receive().ends_with("/|"));
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST(Hostile, AReaderThatStopsIsCutOff) {
  ServerOptions options;
  options.write_timeout = 200ms;
  std::promise<void> gone;
  auto server = Server::start(options, [&](Request, ResponseWriter writer) {
    writer.on_cancel([&, writer] { gone.set_value(); });
    writer.begin(200, {});
    for (int i = 0; i < 32; ++i) writer.write(std::string(1 << 20, 'x'));
  }).value();
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Hostile, GarbageOverTlsAndTruncatedHandshakes) {
  const auto server = start(server_options(Way::h2_tls));
  {
    RawSocket garbage(server->port()), cut(server->port());
    garbage.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    cut.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
    const std::string answer = garbage.receive();
    EXPECT_TRUE(answer.starts_with("HTTP/1.0 400 Bad Request\r\n")) << answer;
    EXPECT_NE(answer.find("Client sent an HTTP request to an HTTPS server."), std::string::npos);
  }
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
  EXPECT_TRUE(HttpClient::create(client_options(Way::h2_tls, {}, server->port())).value()->send({}).ok());
}

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
std::string frame(int type, int flags, std::uint32_t stream, std::string_view payload) {
  std::string out;
  for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
  return out.append(payload);
}
const std::string kGet = "\x82\x84\x86";  // :method GET, :path /, :scheme http, from the static table

TEST(Hostile, Http2GarbageEndsTheConnectionOnly) {
  const auto server = start();
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    RawSocket socket(server->port());
    std::string noise(kPreface);
    noise += frame(4, 0, 0, "");
    for (int i = 0; i < 200; ++i) noise += static_cast<char>(random.below(256));
    socket.send(noise);
    socket.half_close();
    socket.receive({}, 2000);
  }
  RawSocket large(server->port());
  large.send(std::string(kPreface) + frame(4, 0, 0, "") + std::string("\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9));
  EXPECT_EQ(large.receive().find("<timeout>"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST(Hostile, RapidResetIsBounded) {
  const auto server = start();
  RawSocket socket(server->port());
  std::string all(kPreface);
  all += frame(4, 0, 0, "");
  for (std::uint32_t i = 0; i < 5000; ++i) {
    all += frame(1, 5, 2 * i + 1, kGet);
    all += frame(3, 0, 2 * i + 1, std::string("\0\0\0\x08", 4));
  }
  socket.send(all);
  ClientOptions client;
  client.endpoint = {"127.0.0.1", server->port(), {}};
  EXPECT_TRUE(HttpClient::create(client).value()->send({}).ok());
}

TEST(Hostile, ShortWatchesMayResetOften) {
  // Each cancel is a reset; nghttp2's own default ends the connection after a thousand or so.
  const auto pair = make_pair(Way::h2_tls, [](Request, ResponseWriter writer) {
    writer.begin(200, {});
    writer.write("x");
    writer.on_cancel([writer] {});
  });
  for (int i = 0; i < 3000; ++i) {
    std::promise<void> first;
    std::promise<Error> ended;
    Call call = pair.client->stream({}, {.on_data = [&](std::string_view) { first.set_value(); }, .on_error = [&](const Error& e) { ended.set_value(e); }});
    ASSERT_EQ(first.get_future().wait_for(5s), std::future_status::ready) << i;
    call.cancel();
    ASSERT_EQ(ended.get_future().get().code, Code::cancelled);
  }
  EXPECT_EQ(pair.client->open_connections(), 1u);
}

TEST(Hostile, ServersThatMisbehaveAreErrorsOfTheClient) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 16), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  for (const std::string text : {"", "rubbish\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz",
                                 "HTTP/1.1 200 OK\r\nX: never ends"}) {
    for (const auto protocol : {ClientOptions::Protocol::http_1_1, ClientOptions::Protocol::http_2}) {
      std::thread answerer([&] {
        const int fd = ::accept(listener, nullptr, nullptr);
        char buffer[4096];
        (void)!::recv(fd, buffer, sizeof buffer, 0);
        (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        ::shutdown(fd, SHUT_WR);
        while (::recv(fd, buffer, sizeof buffer, 0) > 0) {}
        ::close(fd);
      });
      ClientOptions options;
      options.endpoint = {"127.0.0.1", ntohs(address.sin_port), {}};
      options.protocol = protocol;
      EXPECT_FALSE(HttpClient::create(options).value()->send({.timeout = 5s}).ok()) << text;
      answerer.join();
    }
  }
  ::close(listener);
}

TEST(Curl, SpeaksWithTheServer) {
  if (::access("/usr/bin/curl", X_OK)) GTEST_SKIP() << "needs /usr/bin/curl";
  const auto server = start(server_options(Way::h2_tls));
  for (const std::string version : {"--http2", "--http1.1"}) {
    const std::string command = "/usr/bin/curl -sk " + version + " -d body -w ' %{http_version}' https://127.0.0.1:" + std::to_string(server->port()) + "/curl";
    FILE* pipe = ::popen(command.c_str(), "r");
    char buffer[256] = "";
    const std::size_t size = ::fread(buffer, 1, sizeof buffer, pipe);
    EXPECT_EQ(::pclose(pipe), 0);
    EXPECT_EQ(std::string(buffer, size), std::string("/curl|body ") + (version == "--http2" ? "2" : "1.1"));
  }
}

}  // namespace
}  // namespace plumb::net
