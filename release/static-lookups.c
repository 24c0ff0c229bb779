/* Keeps static programs from loading the libraries that /etc/nsswitch.conf names: libraries of
 * another version of glibc crash the program. */
#include <nss.h>

__attribute__((constructor)) static void look_up_in_files_and_dns_only(void)
{
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
    __nss_configure_lookup("hosts", "files dns");
}
