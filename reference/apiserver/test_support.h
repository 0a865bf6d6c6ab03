// A running registry or API server on an embedded store in a temporary directory, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "harness/base/random.h"
#include "reference/apiserver/apiserver.h"
#include "reference/store/embedded/embedded_store.h"

namespace plumb::apiserver::test {

class AllowAll : public Authorizer {
 public:
  Verdict authorize(const Attributes&) override { return {Decision::allow, {}}; }
  void rules(const User&, std::string_view, authorizationv1::SubjectRulesReviewStatus&) override {}
};

inline Result<Security> allow_all(Registry&) {
  Security security;
  security.authorizers.push_back(std::make_unique<AllowAll>());
  return security;
}

// A directory that goes away with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_((std::filesystem::temp_directory_path() / ("plumb-apiserver-" + random_suffix(10))).string()) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Waits for the answer of an asynchronous call: await<CachedPtr>([&](auto done) { registry.get(…, done); }).
template <class T, class Start>
ApiResult<T> await(Start&& start) {
  auto promise = std::make_shared<std::promise<ApiResult<T>>>();
  auto future = promise->get_future();
  start(Done<T>([promise](ApiResult<T> result) { promise->set_value(std::move(result)); }));
  return future.get();
}

}  // namespace plumb::apiserver::test
