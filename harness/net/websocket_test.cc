#include "harness/net/websocket.h"

#include <gtest/gtest.h>

#include "harness/base/random.h"

namespace plumb::net::websocket {
namespace {

std::optional<Message> one(Decoder& decoder) { return decoder.next().value(); }

TEST(WebSocket, AcceptKeyOfTheStandardsExample) { EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); }

TEST(WebSocket, ChoosesTheFirstOfOursThatIsOffered) {
  EXPECT_EQ(choose_protocol("v4.channel.k8s.io, v5.channel.k8s.io", {"v5.channel.k8s.io", "v4.channel.k8s.io"}), "v5.channel.k8s.io");
  EXPECT_EQ(choose_protocol("other", {"v5.channel.k8s.io"}), std::nullopt);
}

TEST(WebSocket, FramesOfTheStandardsExamples) {
  EXPECT_EQ(encode(Role::server, Opcode::text, "Hello"), "\x81\x05Hello");
  Decoder decoder(Role::server);
  decoder.feed("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  EXPECT_EQ(one(decoder)->payload, "Hello");
}

TEST(WebSocket, EverySizeComesBackWhateverTheCuts) {
  Random random(3);
  for (const Role sender : {Role::client, Role::server}) {
    Decoder decoder(sender == Role::client ? Role::server : Role::client);
    for (const std::size_t size : {0, 1, 125, 126, 127, 65535, 65536, 200'000}) {
      const std::string payload = random_bytes(size);
      const std::string wire = encode(sender, Opcode::binary, payload);
      for (std::size_t at = 0; at < wire.size();) {
        const std::size_t part = std::min<std::size_t>(1 + random.below(size < 1000 ? 3 : 40'000), wire.size() - at);
        if (at) { EXPECT_FALSE(one(decoder)); }
        decoder.feed(std::string_view(wire).substr(at, part));
        at += part;
      }
      const auto message = one(decoder);
      ASSERT_TRUE(message);
      EXPECT_TRUE(message->payload == payload);
    }
  }
}

TEST(WebSocket, FragmentsJoinAndControlFramesPassBetween) {
  Decoder decoder(Role::client);
  decoder.feed(encode(Role::server, Opcode::text, "one ", false) + encode(Role::server, Opcode::ping, "p") +
               encode(Role::server, Opcode::continuation, "two", true) + encode_close(Role::server, 1000, "bye"));
  EXPECT_EQ(one(decoder)->opcode, Opcode::ping);
  const auto text = one(decoder);
  EXPECT_EQ(text->opcode, Opcode::text);
  EXPECT_EQ(text->payload, "one two");
  const auto close = one(decoder);
  EXPECT_EQ(close->close_status, 1000);
  EXPECT_EQ(close->payload, "bye");
  EXPECT_FALSE(one(decoder));
}

TEST(WebSocket, RefusesWhatTheStandardForbids) {
  const auto reason = [](std::string_view wire, Role receiver = Role::client, std::size_t limit = 1000) {
    Decoder decoder(receiver, limit);
    decoder.feed(wire);
    const auto result = decoder.next();
    return result.ok() ? std::string("fine") : result.error().reason;
  };
  EXPECT_EQ(reason("\xc1\x01x"), "1002");                                         // a reserved bit
  EXPECT_EQ(reason("\x83\x01x"), "1002");                                         // a reserved opcode
  EXPECT_EQ(reason("\x80\x01x"), "1002");                                         // a continuation of nothing
  EXPECT_EQ(reason("\x09\x01x"), "1002");                                         // a fragmented ping
  EXPECT_EQ(reason(std::string("\x89\x7e\x00\x7e", 4)), "1002");                  // a long ping
  EXPECT_EQ(reason(encode(Role::server, Opcode::text, "x"), Role::server), "1002");  // not masked
  EXPECT_EQ(reason(encode(Role::client, Opcode::text, "x")), "1002");                // masked
  EXPECT_EQ(reason(encode(Role::server, Opcode::text, "\xff\xfe")), "1007");
  EXPECT_EQ(reason(encode(Role::server, Opcode::binary, std::string(1001, 'x'))), "1009");
  EXPECT_EQ(reason("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), "1009");
  EXPECT_EQ(reason(std::string("\x88\x02\x03\xed", 4)), "1002");                  // close status 1005
  EXPECT_EQ(reason(encode(Role::server, Opcode::text, "a", false) + encode(Role::server, Opcode::text, "b")), "1002");
}

TEST(WebSocket, NoiseNeverCrashes) {
  Random random(11);
  for (int round = 0; round < 20'000; ++round) {
    Decoder decoder(round % 2 ? Role::client : Role::server, 4096);
    std::string noise;
    for (std::size_t i = random.below(40); i; --i) noise += static_cast<char>(random.below(256));
    decoder.feed(noise);
    for (auto result = decoder.next(); result.ok() && *result; result = decoder.next()) {}
  }
}

}  // namespace
}  // namespace plumb::net::websocket
