#include "reference/cluster/pki/pki.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;

class PkiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/plumb-pki-XXXXXX";
    layout_.dir = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(layout_.dir); }
  Layout layout_;
  VirtualClock clock_{real_clock().wall()};
};

TEST_F(PkiTest, KeepsWhatItMadeAndMakesItSecret) {
  const Pki first = Pki::open(layout_, clock_).value();
  const auto admin = first.identity(admin_identity()).value();
  const Pki second = Pki::open(layout_, clock_).value();
  EXPECT_EQ(second.ca_pem(), first.ca_pem());
  EXPECT_EQ(second.signing_key_pem(), first.signing_key_pem());
  EXPECT_EQ(second.identity(admin_identity())->certificate_pem, admin.certificate_pem);
  for (const auto& entry : std::filesystem::directory_iterator(layout_.dir + "/pki")) {
    struct stat info;
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(PkiTest, MakesACertificateAnewWhenItsNamesOrItsTimeNoLongerFit) {
  const Pki pki = Pki::open(layout_, clock_).value();
  const auto before = pki.identity(apiserver_identity({"127.0.0.1"})).value();
  const auto moved = pki.identity(apiserver_identity({"127.0.0.1", "10.1.2.3"})).value();
  EXPECT_NE(before.certificate_pem, moved.certificate_pem);
  clock_.advance(24h * 340);
  const auto renewed = pki.identity(apiserver_identity({"127.0.0.1", "10.1.2.3"})).value();
  EXPECT_NE(renewed.certificate_pem, moved.certificate_pem);
  EXPECT_TRUE(net::verify_certificate(renewed.certificate_pem, pki.ca_pem(), clock_.wall()).ok());
}

TEST_F(PkiTest, NamesComponentsAsUpstreamDoes) {
  const Pki pki = Pki::open(layout_, clock_).value();
  const auto node = net::parse_certificate(pki.identity(node_identity("n1", "10.0.0.2"))->certificate_pem).value();
  EXPECT_EQ(node.common_name, "system:node:n1");
  EXPECT_EQ(node.organizations, std::vector<std::string>{"system:nodes"});
  EXPECT_TRUE(node.for_client && node.for_server);
}

}  // namespace
}  // namespace plumb::cluster
