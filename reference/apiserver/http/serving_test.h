// A running API server and a client of it, for tests that speak HTTP.
#pragma once

#include <memory>
#include <string>

#include "harness/net/client.h"
#include "reference/api/doc/document.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {

class Serving : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::EmbeddedStore::open({directory_.path()}, real_clock());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
    ApiserverOptions options;
    options.store = store_.get();
    options.clock = &real_clock();
    options.port = 0;
    options.security = allow_all;
    options.disabled_admission = {"ServiceAccount"};
    auto started = Apiserver::start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
    net::ClientOptions connecting;
    connecting.endpoint = {"127.0.0.1", server_->port(), ""};
    client_ = *net::HttpClient::create(connecting);
  }
  void TearDown() override {
    client_.reset();
    server_.reset();
  }

  net::ClientResponse send(std::string method, std::string target, std::string body = {}, net::Headers headers = {}) {
    net::ClientRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    if (!body.empty() && !request.headers.has("content-type")) request.headers.add("content-type", "application/json");
    request.body = std::move(body);
    request.timeout = std::chrono::seconds(20);
    auto response = client_->send(std::move(request));
    EXPECT_TRUE(response.ok()) << response.error().message;
    return response.ok() ? *response : net::ClientResponse{};
  }
  api::Doc json(const net::ClientResponse& response) {
    auto doc = api::parse_json(response.body);
    EXPECT_TRUE(doc.ok()) << response.body;
    return doc.ok() ? *doc : api::Doc();
  }
  void make(const std::string& name, const std::string& labels = "{}") {
    EXPECT_EQ(send("POST", base_, R"({"metadata":{"name":")" + name + R"(","labels":)" + labels + R"(},"data":{"a":"b"}})").status, 201);
  }

  const std::string base_ = "/api/v1/namespaces/default/configmaps";
  TemporaryDirectory directory_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<Apiserver> server_;
  std::shared_ptr<net::HttpClient> client_;
};

}  // namespace plumb::apiserver::test
