#include "harness/client/kubeconfig.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace plumb::client {
namespace {

const char* const sample = R"(
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster: {server: "https://example:6443/", certificate-authority-data: aGVsbG8=, tls-server-name: inner}
- name: broken
  cluster: {server: "example"}
contexts:
- name: one
  context: {cluster: c1, user: token, namespace: space}
- name: files
  context: {cluster: c1, user: half}
- name: lost
  context: {cluster: nowhere}
- name: badserver
  context: {cluster: broken}
users:
- name: token
  user: {token: secret, as: somebody, as-groups: [a, b]}
- name: half
  user: {client-certificate-data: aGVsbG8=}
)";

TEST(Kubeconfig, ReadsClusterUserAndContext) {
  const auto config = parse_config(sample, "/");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->server, "https://example:6443");
  EXPECT_EQ(config->ca, "hello");
  EXPECT_EQ(config->namespace_, "space");
  EXPECT_EQ(config->tls_server_name, "inner");
  EXPECT_EQ(config->user.token, "secret");
  EXPECT_EQ(config->user.impersonate_groups, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(endpoint_of(*config), "example:6443");
}

TEST(Kubeconfig, SaysWhatIsWrongAndWhatToDo) {
  const auto message = [](const std::string& text, const std::string& context = {}) {
    const auto config = parse_config(text, "/", context);
    EXPECT_FALSE(config.ok());
    return config.ok() ? std::string() : config.error().message;
  };
  EXPECT_NE(message(sample, "absent").find("--context"), std::string::npos);
  EXPECT_NE(message(sample, "lost").find("\"nowhere\""), std::string::npos);
  EXPECT_NE(message(sample, "files").find("give both"), std::string::npos);
  EXPECT_NE(message(sample, "badserver").find("https://host:port"), std::string::npos);
  EXPECT_NE(message("{]").find("YAML"), std::string::npos);
  EXPECT_NE(message("just text").find("not a kubeconfig"), std::string::npos);
  EXPECT_NE(message("clusters: 7").find("current-context"), std::string::npos);
  EXPECT_EQ(message(sample, "files").find("aGVsbG8"), std::string::npos);
}

TEST(Kubeconfig, MergesFilesInOrder) {
  const std::string first = testing::TempDir() + "/first.yaml", second = testing::TempDir() + "/second.yaml";
  std::ofstream(first) << "clusters: [{name: c1, cluster: {server: 'https://first:1'}}]\n";
  std::ofstream(second) << sample;
  setenv("KUBECONFIG", (first + ":/no/such/file:" + second).c_str(), 1);
  const auto config = load_config({});
  unsetenv("KUBECONFIG");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->server, "https://first:1");
  EXPECT_EQ(config->context, "one");
  EXPECT_FALSE(load_config({.path = "/no/such/file"}).ok());
}

TEST(Kubeconfig, AsksTheExecPlugin) {
  Credentials credentials;
  credentials.exec = ExecPlugin{.command = "/bin/sh", .args = {"-c", "echo \"{\\\"status\\\": {\\\"token\\\": \\\"$WORD\\\"}}\""}, .env = {{"WORD", "given"}}};
  const auto resolved = resolve_exec(credentials);
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  EXPECT_EQ(resolved->token, "given");
  credentials.exec->args = {"-c", "exit 3"};
  EXPECT_NE(resolve_exec(credentials).error().message.find("exit code 3"), std::string::npos);
  credentials.exec->command = "/no/such/program";
  EXPECT_FALSE(resolve_exec(credentials).ok());
}

}  // namespace
}  // namespace plumb::client
