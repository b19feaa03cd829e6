/*
 * A table of names. The system's part are the libraries for which conda-forge has core dependency
 * trees (X11, OpenGL, ALSA, ...), and those of RDMA devices, which belong to their drivers.
 */
#include "audit/host_library.h"

static const struct {
	const char *pattern; /* '*' any run */
	enum lk_host_library kind;
} libraries[] = {
	{"ld-linux*.so.*", LK_HOST_C},
	{"ld64.so.*", LK_HOST_C},
	{"ld.so.1", LK_HOST_C},
	{"libBrokenLocale.so.1", LK_HOST_C},
	{"libSegFault.so", LK_HOST_C},
	{"libanl.so.1", LK_HOST_C},
	{"libc.so.6", LK_HOST_C},
	{"libdl.so.2", LK_HOST_C},
	{"libm.so.6", LK_HOST_C},
	{"libmvec.so.1", LK_HOST_C},
	{"libnss_*.so.2", LK_HOST_C},
	{"libpthread.so.0", LK_HOST_C},
	{"libresolv.so.2", LK_HOST_C},
	{"librt.so.1", LK_HOST_C},
	{"libthread_db.so.1", LK_HOST_C},
	{"libutil.so.1", LK_HOST_C},
	{"linux-vdso*.so.1", LK_HOST_C},
	{"libGLX_nvidia.so.0", LK_HOST_DRIVER},
	{"libcuda.so", LK_HOST_DRIVER},
	{"libcuda.so.1", LK_HOST_DRIVER},
	{"libcudadebugger.so.1", LK_HOST_DRIVER},
	{"libnvcuvid.so.1", LK_HOST_DRIVER},
	{"libnvidia-*.so*", LK_HOST_DRIVER},
	{"libnvoptix.so.1", LK_HOST_DRIVER},
	{"libgcc_s.so.1", LK_HOST_COMPILER},
	{"libgomp.so.1", LK_HOST_COMPILER},
	{"libstdc++.so.6", LK_HOST_COMPILER},
	{"libEGL.so.1", LK_HOST_SYSTEM},
	{"libGL.so.1", LK_HOST_SYSTEM},
	{"libGLESv1_CM.so.1", LK_HOST_SYSTEM},
	{"libGLESv2.so.2", LK_HOST_SYSTEM},
	{"libGLU.so.1", LK_HOST_SYSTEM},
	{"libGLX.so.0", LK_HOST_SYSTEM},
	{"libGLdispatch.so.0", LK_HOST_SYSTEM},
	{"libICE.so.6", LK_HOST_SYSTEM},
	{"libOpenGL.so.0", LK_HOST_SYSTEM},
	{"libSM.so.6", LK_HOST_SYSTEM},
	{"libX11-xcb.so.1", LK_HOST_SYSTEM},
	{"libX11.so.6", LK_HOST_SYSTEM},
	{"libXau.so.6", LK_HOST_SYSTEM},
	{"libXaw.so.7", LK_HOST_SYSTEM},
	{"libXcomposite.so.1", LK_HOST_SYSTEM},
	{"libXcursor.so.1", LK_HOST_SYSTEM},
	{"libXdamage.so.1", LK_HOST_SYSTEM},
	{"libXdmcp.so.6", LK_HOST_SYSTEM},
	{"libXext.so.6", LK_HOST_SYSTEM},
	{"libXfixes.so.3", LK_HOST_SYSTEM},
	{"libXft.so.2", LK_HOST_SYSTEM},
	{"libXi.so.6", LK_HOST_SYSTEM},
	{"libXinerama.so.1", LK_HOST_SYSTEM},
	{"libXmu.so.6", LK_HOST_SYSTEM},
	{"libXpm.so.4", LK_HOST_SYSTEM},
	{"libXrandr.so.2", LK_HOST_SYSTEM},
	{"libXrender.so.1", LK_HOST_SYSTEM},
	{"libXss.so.1", LK_HOST_SYSTEM},
	{"libXt.so.6", LK_HOST_SYSTEM},
	{"libXtst.so.6", LK_HOST_SYSTEM},
	{"libXv.so.1", LK_HOST_SYSTEM},
	{"libXxf86vm.so.1", LK_HOST_SYSTEM},
	{"libasound.so.2", LK_HOST_SYSTEM},
	{"libaudit.so.1", LK_HOST_SYSTEM},
	{"libcrypt.so.1", LK_HOST_SYSTEM},
	{"libdrm.so.2", LK_HOST_SYSTEM},
	{"libefa.so.1", LK_HOST_SYSTEM},
	{"libgbm.so.1", LK_HOST_SYSTEM},
	{"libibumad.so.3", LK_HOST_SYSTEM},
	{"libibverbs.so.1", LK_HOST_SYSTEM},
	{"libmlx4.so.1", LK_HOST_SYSTEM},
	{"libmlx5.so.1", LK_HOST_SYSTEM},
	{"libnsl.so.1", LK_HOST_SYSTEM},
	{"libnuma.so.1", LK_HOST_SYSTEM},
	{"libpam.so.0", LK_HOST_SYSTEM},
	{"libpam_misc.so.0", LK_HOST_SYSTEM},
	{"librdmacm.so.1", LK_HOST_SYSTEM},
	{"libselinux.so.1", LK_HOST_SYSTEM},
	{"libsystemd.so.0", LK_HOST_SYSTEM},
	{"libudev.so.1", LK_HOST_SYSTEM},
	{"libxcb*.so.*", LK_HOST_SYSTEM},
};

enum lk_host_library lk_host_library_of(lk_str name)
{
	for (size_t i = 0; i < LK_COUNTOF(libraries); i++) {
		if (lk_str_glob(lk_str_of(libraries[i].pattern), name, false)) {
			return libraries[i].kind;
		}
	}
	return LK_HOST_NOT;
}

const char *lk_host_library_what(enum lk_host_library kind)
{
	switch (kind) {
	case LK_HOST_C:
		return "the C library";
	case LK_HOST_DRIVER:
		return "the GPU driver";
	case LK_HOST_SYSTEM:
		return "the system";
	case LK_HOST_COMPILER:
		return "gcc's run time";
	case LK_HOST_NOT:
		break;
	}
	return "";
}
