// A running registry or API server on an embedded store in a temporary directory, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "harness/base/random.h"
#include "reference/api/codec/json.h"
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

template <class T>
std::shared_ptr<T> decoded(std::string_view json) {
  auto made = api::decode_json(T::info(), json);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message) << " in " << json;
  return made.ok() ? std::static_pointer_cast<T>(*made) : std::make_shared<T>();
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

// Store, cache and registry without HTTP.
class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::EmbeddedStore::open({directory_.path()}, real_clock());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
    auto cache = WatchCache::start(*store_, clock_, resources::all(), {});
    ASSERT_TRUE(cache.ok()) << cache.error().message;
    cache_ = std::move(*cache);
    registry_ = std::make_unique<Registry>(Registry::Options{store_.get(), &clock_, cache_.get(), admission()});
    User user;
    user.name = "tester";
    context_.user = std::make_shared<const User>(std::move(user));
  }
  void TearDown() override {
    registry_.reset();
    cache_.reset();
    if (store_) store_->close();
  }
  virtual const AdmissionChain* admission() const { return nullptr; }

  static const Resource& resource(const api::TypeInfo& type) { return *resources::find_by_type(type); }
  template <class T>
  ApiResult<CachedPtr> create(std::shared_ptr<T> object, std::string_view namespace_ = "default");
  template <class T>
  ApiResult<CachedPtr> update(std::shared_ptr<T> object);
  // As `edit` makes it of what is stored, in the namespace "default".
  template <class T>
  ApiResult<CachedPtr> change(const std::string& name, std::string_view subresource, std::function<void(T&)> edit);
  ApiResult<CachedPtr> get(const api::TypeInfo& type, std::string_view namespace_, std::string_view name);
  ApiResult<DeleteResult> remove(const api::TypeInfo& type, std::string_view namespace_, std::string_view name, const metav1::DeleteOptions& options = {});
  ApiResult<ListResult> list(const api::TypeInfo& type, const ListOptions& options = {});

  TemporaryDirectory directory_;
  VirtualClock clock_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<WatchCache> cache_;
  std::unique_ptr<Registry> registry_;
  RequestContext context_;
};

// Waits for the answer of an asynchronous call: await<CachedPtr>([&](auto done) { registry.get(…, done); }).
template <class T, class Start>
ApiResult<T> await(Start&& start) {
  auto promise = std::make_shared<std::promise<ApiResult<T>>>();
  auto future = promise->get_future();
  start(Done<T>([promise](ApiResult<T> result) { promise->set_value(std::move(result)); }));
  return future.get();
}

template <class T>
ApiResult<CachedPtr> RegistryTest::create(std::shared_ptr<T> object, std::string_view namespace_) {
  return await<CachedPtr>([&](auto done) { registry_->create(context_, resource(T::info()), namespace_, object, done); });
}
template <class T>
ApiResult<CachedPtr> RegistryTest::update(std::shared_ptr<T> object) {
  const ObjectName name{object->metadata.namespace_.str(), object->metadata.name.str()};
  return await<CachedPtr>([&](auto done) { registry_->update(context_, resource(T::info()), name, {}, object, done); });
}
template <class T>
ApiResult<CachedPtr> RegistryTest::change(const std::string& name, std::string_view subresource, std::function<void(T&)> edit) {
  return await<CachedPtr>([&](auto done) {
    registry_->transform(context_, resource(T::info()), {"default", name}, subresource, [&edit](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
      auto next = std::make_shared<T>(static_cast<const T&>(current));
      edit(*next);
      return std::shared_ptr<api::Object>(next);
    }, done);
  });
}
inline ApiResult<CachedPtr> RegistryTest::get(const api::TypeInfo& type, std::string_view namespace_, std::string_view name) {
  return await<CachedPtr>([&](auto done) { registry_->get(resource(type), {std::string(namespace_), std::string(name)}, {}, done); });
}
inline ApiResult<DeleteResult> RegistryTest::remove(const api::TypeInfo& type, std::string_view namespace_, std::string_view name,
                                                    const metav1::DeleteOptions& options) {
  return await<DeleteResult>([&](auto done) { registry_->remove(context_, resource(type), {std::string(namespace_), std::string(name)}, options, done); });
}
inline ApiResult<ListResult> RegistryTest::list(const api::TypeInfo& type, const ListOptions& options) {
  return await<ListResult>([&](auto done) { registry_->list(resource(type), options, done); });
}

}  // namespace plumb::apiserver::test
