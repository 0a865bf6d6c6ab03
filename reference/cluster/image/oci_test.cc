#include "reference/cluster/image/oci.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness/base/process.h"

namespace plumb::cluster {
namespace {

TEST(Oci, TheArchiveIsATarThatTarReads) {
  const auto archive = oci_archive(test_images("program"));
  ASSERT_TRUE(archive.ok());
  const auto listing = run_and_capture({.args = {"tar", "-tvf", "-"}}, {.input = *archive});
  ASSERT_TRUE(listing.ok()) << listing.error().message;
  EXPECT_TRUE(listing->status.ok()) << listing->err;
  EXPECT_NE(listing->out.find("index.json"), std::string::npos);
  const auto index = run_and_capture({.args = {"tar", "-xOf", "-", "index.json"}}, {.input = *archive});
  EXPECT_NE(index->out.find(kTestImageV2), std::string::npos);
}

TEST(Oci, SameInputSameBytes) { EXPECT_EQ(*oci_archive(test_images("x")), *oci_archive(test_images("x"))); }

TEST(Oci, TheImageOfTheNameServerHasItsLibrariesWhereTheLoaderLooks) {
  const ImageSet set = dns_image("program", {{"/lib64/ld-linux-x86-64.so.2", "loader"}, {"/lib/x86_64-linux-gnu/libc.so.6", "c"}});
  const auto listing = run_and_capture({.args = {"tar", "-tf", "-"}}, {.input = set.layer});
  ASSERT_TRUE(listing.ok());
  for (const char* path : {"lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6", "plumbd"}) EXPECT_NE(listing->out.find(path), std::string::npos) << path;
}

TEST(Oci, ANameWithoutTagIsRefused) {
  EXPECT_FALSE(oci_archive({"", {{"localhost:5000/name", {}, {}, {}}}}).ok());
}

}  // namespace
}  // namespace plumb::cluster
