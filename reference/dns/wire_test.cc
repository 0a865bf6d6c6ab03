#include "reference/dns/wire.h"

#include <gtest/gtest.h>

#include "harness/base/random.h"
#include "reference/dns/responder.h"
#include "reference/dns/testing.h"

namespace plumb::dns {
namespace {

using namespace testing;

constexpr int type_any = 255, type_axfr = 252;

class WireTest : public ::testing::Test {
 protected:
  WireTest() {
    zone_.set_namespace("ns", true, {});
    zone_.set_complete();
    zone_.set_service("ns", "web", view_of(*service("web", {"10.96.0.7"}), {}), {});
  }
  void put_endpoints(int count) {
    std::vector<At> list;
    for (int i = 0; i < count; ++i) list.push_back({"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1), "host-" + std::to_string(i)});
    zone_.set_service("ns", "set", view_of(*service("set", {}), {slice("set-1", "set", list)}), {});
  }
  std::string raw(const std::string& bytes, bool udp = true) {
    std::string reply;
    responder_.respond(bytes, udp, reply);
    return reply;
  }
  std::string ask(const std::string& bytes, bool udp = true) { return response_text(raw(bytes, udp)); }
  Zone zone_{{}, WallTime()};
  Responder responder_{zone_};
};

TEST_F(WireTest, AnswersCarryIdCaseAndAuthority) {
  EXPECT_EQ(ask(request("web.NS.svc.cluster.local", 1)), "NOERROR aa id=7 | web.NS.svc.cluster.local. 30 IN A 10.96.0.7 | |");
  EXPECT_EQ(ask(request("web.NS.svc.cluster.local", 1, 0, 9)), "NOERROR aa id=9 | web.NS.svc.cluster.local. 30 IN A 10.96.0.7 | |") << "the kept answer";
  EXPECT_EQ(ask(request("web.ns.svc.cluster.local", 1, 0, 9)), "NOERROR aa id=9 | web.ns.svc.cluster.local. 30 IN A 10.96.0.7 | |");
  EXPECT_EQ(ask(request("no.ns.svc.cluster.local", 1)), "NXDOMAIN aa id=7 | | cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 0 7200 1800 86400 30 |");
  EXPECT_EQ(ask(request("web.ns.svc.cluster.local", type_any)).substr(0, 15), "NOERROR aa id=7");
}

TEST_F(WireTest, AKeptAnswerGoesWithWhatItTold) {
  const std::string question = request("web.ns.svc.cluster.local", 1);
  ask(question);
  zone_.set_service("ns", "web", view_of(*service("web", {"10.96.0.8"}), {}), {});
  EXPECT_EQ(ask(question), "NOERROR aa id=7 | web.ns.svc.cluster.local. 30 IN A 10.96.0.8 | |");
}

TEST_F(WireTest, AddressesTakeTurns) {
  put_endpoints(3);
  std::set<std::string> seen;
  for (int i = 0; i < 12; ++i) seen.insert(ask(request("set.ns.svc.cluster.local", 1)));
  EXPECT_EQ(seen.size(), 3u);
}

TEST_F(WireTest, WhatDoesNotFitIsCutAndMarked) {
  put_endpoints(100);
  const std::string question = request("set.ns.svc.cluster.local", 1);
  const std::string plain = raw(question);
  EXPECT_LE(plain.size(), plain_udp_size);
  EXPECT_GT(plain.size(), plain_udp_size - 40);
  EXPECT_NE(response_text(plain).find(" tc "), std::string::npos);
  const std::string larger = raw(request("set.ns.svc.cluster.local", 1, 4096));
  EXPECT_LE(larger.size(), largest_udp_size);
  EXPECT_GT(larger.size(), plain_udp_size);
  EXPECT_NE(response_text(larger).find(" tc "), std::string::npos);
  const std::string whole = raw(question, false);
  EXPECT_EQ(response_text(whole).find(" tc "), std::string::npos);
  EXPECT_GT(whole.size(), largest_udp_size);
}

TEST_F(WireTest, AdditionalRecordsGoFirst) {
  put_endpoints(7);
  const std::string cut = ask(request("_http._tcp.set.ns.svc.cluster.local", 33));
  EXPECT_EQ(cut.find(" tc "), std::string::npos);
  EXPECT_TRUE(cut.ends_with("| |")) << cut;
  EXPECT_NE(cut.find("host-6"), std::string::npos);
}

TEST_F(WireTest, WhatIsNotServedIsSaidSo) {
  std::string update = request("web.ns.svc.cluster.local", 1);
  update[2] = static_cast<char>(update[2] | 5 << 3);
  EXPECT_EQ(ask(update).substr(0, 11), "NOTIMP id=7");
  EXPECT_EQ(ask(request("cluster.local", type_axfr)).substr(0, 12), "REFUSED id=7");
  std::string chaos = request("web.ns.svc.cluster.local", 1);
  chaos[chaos.size() - 1] = 3;
  EXPECT_EQ(ask(chaos).substr(0, 12), "REFUSED id=7");
  std::string two = request("web.ns.svc.cluster.local", 1);
  two[5] = 2;
  EXPECT_EQ(ask(two).substr(0, 12), "FORMERR id=7");
  std::string version = request("web.ns.svc.cluster.local", 1, 1232);
  version[version.size() - 5] = 1;  // of EDNS
  const std::string reply = raw(version);
  EXPECT_EQ(reply[reply.size() - 6], 1) << "BADVERS: the upper bits of the code";
}

TEST_F(WireTest, ResponsesAndFragmentsAreNotAnswered) {
  std::string response = request("web.ns.svc.cluster.local", 1);
  response[2] = static_cast<char>(response[2] | 0x80);
  EXPECT_EQ(raw(response), "");
  for (std::size_t size = 0; size < 12; ++size) EXPECT_EQ(raw(response.substr(0, size)), "");
}

TEST_F(WireTest, CutRequestsAndLoopsAreFormatErrors) {
  const std::string whole = request("web.ns.svc.cluster.local", 1);
  for (std::size_t size = 12; size < whole.size(); ++size) EXPECT_EQ(ask(whole.substr(0, size)), "FORMERR id=7 | | |") << size;
  const std::string header = whole.substr(0, 12);
  for (const std::string& name : {std::string("\xc0\x0c", 2), std::string("\x01" "a" "\xc0\x0c", 4), std::string("\xc0\x0e\xc0\x0c", 4), std::string("\xff\xff", 2), std::string(70, '\x3f'), std::string(300, '\x01')})
    EXPECT_EQ(ask(header + name + std::string("\0\1\0\1", 4)).substr(0, 7), "FORMERR");
}

// Whatever comes, it is answered well or not at all, and later questions are answered.
TEST_F(WireTest, RandomBytesDoNoHarm) {
  Random random(20'260'101);
  put_endpoints(10);
  const std::vector<std::string> seeds = {request("web.ns.svc.cluster.local", 1, 1232), request("_http._tcp.set.ns.svc.cluster.local", 33), request("x", type_any)};
  for (int round = 0; round < 60'000; ++round) {
    std::string bytes = round % 4 == 0 ? std::string(random.below(600), '\0') : seeds[random.below(seeds.size())];
    if (round % 4 == 0) for (char& c : bytes) c = static_cast<char>(random.next());
    for (std::uint64_t flips = random.below(6); flips > 0 && !bytes.empty(); --flips) bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    if (random.below(4) == 0) bytes.resize(random.below(bytes.size() + 20));
    const std::string reply = raw(bytes, round % 2 == 0);
    ASSERT_TRUE(reply.empty() || reply.size() >= 12) << round;
    const auto query = parse_query(seeds[0]);
    if (round % 16 == 0) (void)parse_upstream(bytes, *query.query, query.query->question.name, 7);
  }
  EXPECT_EQ(ask(request("web.ns.svc.cluster.local", 1)), "NOERROR aa id=7 | web.ns.svc.cluster.local. 30 IN A 10.96.0.7 | |");
}

}  // namespace
}  // namespace plumb::dns
